#!/bin/sh
# Only rlsys_* may leave the library, and the full protobuf library must not come with it.
#
#     exports.sh LIBRARY
set -eu
[ -f "$1" ] || { printf 'no such file: %s\n' "$1"; exit 1; }

exported=$(nm --dynamic --defined-only --extern-only "$1" | awk '{ print $3 }')
others=$(printf '%s\n' "$exported" | grep -v '^rlsys_' || true)
if [ -n "$others" ]; then
  printf 'exported, and should not be:\n%s\n' "$others"
  exit 1
fi
count=$(printf '%s\n' "$exported" | wc -l)
declared=$(grep -c '^RLSYS_API' "$(dirname "$0")/../include/rlsys.h")
if [ "$count" -ne "$declared" ]; then
  printf '%s functions are exported, but rlsys.h declares %s\n' "$count" "$declared"
  exit 1
fi
needed=$(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
if printf '%s\n' "$needed" | grep -q '^libprotobuf\.so'; then
  printf 'the library needs the full protobuf:\n%s\n' "$needed"
  exit 1
fi
objdump -p "$1" | grep -q 'SONAME *librlsys\.so\.0$'
