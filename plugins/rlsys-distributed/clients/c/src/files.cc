#include "files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "error.h"
#include "text.h"

namespace rlsys::core {

std::string ReadFile(const std::string& path, const std::string& what) {
  const auto failed = [&] {
    return Error(RLSYS_ERROR_CONFIG,
                 Cat(what, " '", path, "' cannot be read: ", std::strerror(errno)));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) throw failed();
  std::string bytes;
  char part[4096];
  while (const size_t count = std::fread(part, 1, sizeof part, file.get())) {
    bytes.append(part, count);
  }
  // A folder can be opened, but not read.
  if (std::ferror(file.get()) != 0) throw failed();
  return bytes;
}

}  // namespace rlsys::core
