#!/usr/bin/env bash
# Set up a working rlsys, starting from a bare Python, and then run a command in it:
#
#   ./setup.sh                  set up only
#   ./setup.sh rlsys run rtos   set up and run the main job
#   ./setup.sh tox              set up and run the tests
#
# Everything is installed into .venv next to this file, so an externally managed Python (PEP 668) is
# left alone and no rights outside this directory are needed. Running it again takes a fraction of a
# second; it updates .venv if the packages' metadata or constraints.txt have changed.
# Progress and errors go to stderr: stdout belongs to COMMAND, which runs in the caller's directory.
#
# QEMU and a Rust compiler, for the exporter rust-q10, cannot go into .venv, and neither can what
# only the tests need (for tox): a browser and Node.js for pages, and libraries for the C client.
# They are installed if this script has the rights to do so. Otherwise it prints the command that
# installs them, and everything else works without them.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
venv="$root/.venv"
stamp="$venv/rlsys-setup.stamp"
tools_stamp="$venv/rlsys-tools.stamp"
constraints="$root/constraints.txt"
purpose="${1:-}"

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  printf 'setup: error: %s\n' "$*" >&2
  exit 1
}

# A name on PATH proves little (it may be a pyenv shim of a version that is not selected): run it.
find_python() {
  local name
  for name in python3.11 python3.12 python3.13 python3; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  die "no Python 3.11 or newer on PATH: on Debian or Ubuntu run 'apt-get install python3.11" \
    "python3.11-venv' as root, then start this again"
}

# .venv is usable if its Python starts and it was made at this exact path, because its scripts name
# their interpreter by absolute path. `python -m venv` writes bin/activate last, so that file also
# shows whether .venv is complete.
venv_usable() {
  "$venv/bin/python" -c '
import os, sys
same = os.path.realpath(sys.prefix) == os.path.realpath(sys.argv[1])
sys.exit(not (same and sys.version_info >= (3, 11)))' "$venv" >/dev/null 2>&1 &&
    grep -qsF -- "$venv" "$venv/bin/activate"
}

make_venv() {
  local python version
  python="$(find_python)"
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    die "$python has no venv module: on Debian or Ubuntu run 'apt-get install python$version-venv'" \
      "as root, then start this again"
  [[ -w "$root" ]] || die "cannot write to $root: clone the repository to a directory of your own"
  say "making $venv with $python (Python $version)"
  "$python" -m venv --clear "$venv" >&2 ||
    die "could not make $venv: free the disk or remove that directory, then start this again"
}

# uv reads neither pip's configuration nor pip's variables. A machine behind a mirror often has only
# those, so pass on their settings for the index and its certificates.
pip_setting() {
  local variable="$1" key="$2" file line
  if [[ -n "${!variable:-}" ]]; then
    printf '%s' "${!variable}"
    return
  fi
  for file in "${PIP_CONFIG_FILE:-}" /etc/pip.conf /etc/xdg/pip/pip.conf "${HOME:-}/.pip/pip.conf" \
    "${XDG_CONFIG_HOME:-${HOME:-}/.config}/pip/pip.conf"; do
    # pip takes a third of a second to start: ask it only when there is something to ask for.
    if [[ -r "$file" ]] && grep -q "^[[:space:]]*$key[[:space:]]*[=:]" "$file"; then
      # `pip config get` reads one file; `list` shows the effective settings, as key='value'.
      while IFS= read -r line; do
        if [[ "$line" == "global.$key='"*"'" ]]; then
          line="${line#*\'}"
          printf '%s' "${line%\'}"
        fi
      done < <("$venv/bin/python" -m pip --disable-pip-version-check config list)
      return
    fi
  done
}

hand_on_pip_settings() {
  local value
  if [[ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]]; then
    value="$(pip_setting PIP_INDEX_URL index-url)"
    [[ -z "$value" ]] || export UV_DEFAULT_INDEX="$value"
  fi
  if [[ -z "${UV_INDEX:-}${UV_EXTRA_INDEX_URL:-}" ]]; then
    value="$(pip_setting PIP_EXTRA_INDEX_URL extra-index-url)"
    # The list in pip.conf may span several lines, which pip shows as \n; uv needs spaces.
    value="${value//\\n/ }"
    [[ -z "$value" ]] || export UV_INDEX="${value# }"
  fi
  if [[ -z "${SSL_CERT_FILE:-}" ]]; then
    value="$(pip_setting PIP_CERT cert)"
    [[ -z "$value" ]] || export SSL_CERT_FILE="$value"
  fi
}

# Service accounts and containers often have no writable home.
choose_uv_cache() {
  local cache="${UV_CACHE_DIR:-}"
  if [[ -z "$cache" && -n "${XDG_CACHE_HOME:-}" ]]; then cache="$XDG_CACHE_HOME/uv"; fi
  if [[ -z "$cache" && -n "${HOME:-}" ]]; then cache="$HOME/.cache/uv"; fi
  if [[ -n "$cache" ]] && mkdir -p "$cache" 2>/dev/null && [[ -w "$cache" ]]; then return; fi
  export UV_CACHE_DIR="$root/.uv-cache"
}

uv_install() { "$venv/bin/uv" pip install --python "$venv/bin/python" -c "$constraints" "$@" >&2; }

# Everything that this environment depends on, including the interpreter, which selects wheels.
fingerprint() {
  {
    printf '%s\n' "$venv"
    "$venv/bin/python" -c 'import sys; print(sys.version)'
    cat "$root/setup.sh" "$constraints" "$root/pyproject.toml" "$root"/plugins/*/pyproject.toml
  } | sha256sum
}

torch_version() {
  "$venv/bin/python" -c '
import importlib.metadata as metadata
try:
    print(metadata.version("torch"))
except metadata.PackageNotFoundError:
    pass'
}

# The Python index serves torch for CUDA (about 3 GB), but nothing here needs a GPU. The dry run
# checks with a short timeout whether the index of CPU builds answers. So a network that drops
# packets costs only seconds, and a slow one still gets the usual timeout for the download itself.
install_torch() {
  if [[ -n "$(torch_version)" ]]; then return; fi
  if UV_HTTP_TIMEOUT=10 UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_RETRIES=1 \
    uv_install --quiet --dry-run --torch-backend=cpu torch 2>/dev/null; then
    say "installing the CPU build of torch"
    uv_install --torch-backend=cpu torch || die "could not install torch (see above)"
  else
    say "no answer from the index of torch's CPU builds: taking the CUDA build (about 3 GB) instead"
  fi
}

install_packages() {
  say "installing the packages into $venv"
  PIP_USER=0 "$venv/bin/python" -m pip --disable-pip-version-check install -qq --retries 2 \
    "$(grep '^uv==' "$constraints")" >&2 ||
    die "could not install uv from the Python index: check the network (PIP_INDEX_URL names a" \
      "mirror, https_proxy a proxy), then start this again"
  install_torch
  # The extra `all` names every plugin, and pyproject.toml says that they come from plugins/.
  (cd "$root" && uv_install --build-constraints "$constraints" -e '.[all,dev,docs]') ||
    die "could not install the packages (see above); start this again to go on where it stopped"
}

# What the C and C++ client is built with.
has_cpp_libraries() {
  command -v cmake >/dev/null && command -v grpc_cpp_plugin >/dev/null &&
    pkg-config --exists grpc++ protobuf-lite libzstd >/dev/null 2>&1 &&
    [[ -e /usr/include/gtest/gtest.h && -e /usr/include/nlohmann/json.hpp ]]
}

# Print the missing system tools, one word each. The package decides which compilers are usable; if
# it cannot be imported, the compiler is not checked. Only the tests need a browser, Node.js and
# the libraries of the C client.
missing_tools() {
  command -v qemu-system-arm >/dev/null || echo qemu
  if [[ "$purpose" == tox ]]; then
    command -v chromium >/dev/null || echo browser
    command -v node >/dev/null || echo node
    has_cpp_libraries || echo cpp
  fi
  "$venv/bin/python" -c '
from rlsys_rust_q10.target.toolchain import has_host_toolchain, has_target_toolchain
if not (has_target_toolchain() and has_host_toolchain()):
    print("compiler")' 2>/dev/null || true
}

debian_packages() {
  case "$1" in
  qemu) echo qemu-system-arm ;;
  browser) echo chromium ;;
  node) echo nodejs ;;
  cpp) echo g++ cmake make pkg-config libgrpc++-dev protobuf-compiler-grpc protobuf-compiler \
    libprotobuf-dev libgtest-dev nlohmann-json3-dev libzstd-dev ;;
  compiler) echo rustc-web cargo-web rust-web-src lld gcc libc6-dev ;;
  esac
}

# If the package lists are missing or too old, the installation fails; then update them and retry.
lists_updated=
apt_install() {
  local apt=(apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20
    -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=60)
  local install=("${apt[@]}" install -y --no-install-recommends "$@")
  export DEBIAN_FRONTEND=noninteractive
  if [[ -z "$lists_updated" ]] && "${install[@]}" >/dev/null 2>&1 </dev/null; then return; fi
  if [[ -z "$lists_updated" ]]; then
    lists_updated=yes
    "${apt[@]}" update >&2 </dev/null || true
  fi
  "${install[@]}" >&2 </dev/null
}

install_tools() {
  local tool
  if [[ "$*" == *compiler* ]] && command -v rustup >/dev/null; then
    say "adding the microcontroller's target to rustup"
    timeout 180 rustup target add thumbv7em-none-eabihf >&2 </dev/null || true
  fi
  [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null || return 0
  for tool in $(missing_tools); do
    say "installing $(debian_packages "$tool")"
    # shellcheck disable=SC2046 # one argument per package
    apt_install $(debian_packages "$tool") || say "apt-get could not install them (see above)"
  done
}

# Nothing here ends the script. It tries again to install missing tools when the inputs change.
check_tools() {
  local missing tool
  missing="$(missing_tools)"
  if [[ -n "$missing" && "$(cat "$tools_stamp" 2>/dev/null || true)" != "$wanted $missing" ]]; then
    # shellcheck disable=SC2086 # one argument per tool
    install_tools $missing
    missing="$(missing_tools)"
    { printf '%s\n' "$wanted $missing" >"$tools_stamp"; } 2>/dev/null || true
  fi
  for tool in $missing; do
    case "$tool" in
    browser) say "no Chromium: tests that open a page fail in CI and are skipped elsewhere; as" \
      "root: apt-get install $(debian_packages browser)" ;;
    cpp) say "no libraries for the C and C++ client: its tests fail in CI and are skipped elsewhere;" \
      "as root: apt-get install $(debian_packages cpp)" ;;
    node) say "no Node.js: tests that run a page's script fail in CI and are skipped elsewhere; as" \
      "root: apt-get install $(debian_packages node)" ;;
    qemu) say "no QEMU: exported firmware cannot be booted; as root: apt-get install" \
      "$(debian_packages qemu)" ;;
    compiler) say "no Rust compiler for exported firmware: rustup target add" \
      "thumbv7em-none-eabihf, or as root on Debian: apt-get install $(debian_packages compiler)" ;;
    esac
  done
}

# Run one at a time: the README's two commands may be started in parallel. The lock is on the
# directory itself, so it leaves no file. It ends when this shell closes descriptor 9.
exec 9<"$root"
if command -v flock >/dev/null; then flock 9; fi

venv_usable || make_venv
hand_on_pip_settings
choose_uv_cache
wanted="$(fingerprint)"
if [[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]]; then
  [[ -w "$venv" ]] || die "cannot write to $venv, which belongs to another user: remove it, or" \
    "clone the repository to a directory of your own"
  rm -f "$stamp"
  install_packages
  printf '%s\n' "$wanted" >"$stamp"
  say "ready: $venv"
fi
check_tools
exec 9<&-

[[ $# -gt 0 ]] || exit 0
# tox makes more environments; they should get the same build of torch.
case "$(torch_version)" in *+cpu) export UV_TORCH_BACKEND="${UV_TORCH_BACKEND:-cpu}" ;; esac
export VIRTUAL_ENV="$venv" PATH="$venv/bin:$PATH"
unset PYTHONHOME
command -v -- "$1" >/dev/null || die "no command '$1': try 'rlsys --help' or 'tox'"
exec "$@"
