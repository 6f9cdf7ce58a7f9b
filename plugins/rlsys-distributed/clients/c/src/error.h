// What goes wrong inside of the library; the C functions turn it into a status code and a text.
#pragma once

#include <stdexcept>
#include <string>

#include "rlsys.h"

namespace rlsys::core {

class Error : public std::runtime_error {
 public:
  // `text` is one line: what is wrong, and what is allowed.
  Error(rlsys_status status, const std::string& text) : std::runtime_error(text), status_(status) {}

  rlsys_status status() const { return status_; }

 private:
  rlsys_status status_;
};

}  // namespace rlsys::core
