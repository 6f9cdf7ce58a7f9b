#include "files.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "error.h"
#include "text.h"

namespace rlsys::core {

std::string ReadFile(const std::string& path, const std::string& what) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (file) bytes << file.rdbuf();
  if (!file || file.bad()) {
    throw Error(RLSYS_ERROR_CONFIG,
                Cat(what, " '", path, "' cannot be read: ",
                    errno != 0 ? std::strerror(errno) : "an error of the system"));
  }
  return bytes.str();
}

}  // namespace rlsys::core
