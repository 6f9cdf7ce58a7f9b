#include "parts.h"

#include "error.h"
#include "text.h"

namespace rlsys::core {

bool Assembler::Take(std::string_view data, bool end, uint64_t size) {
  if (complete_) {
    message_.clear();
    size_ = size;
    if (size_ > most_bytes_) {
      throw Error(RLSYS_ERROR_MODEL,
                  Cat("a message of ", size_, " bytes; at most ", most_bytes_, " are allowed"));
    }
  }
  complete_ = end;
  if (data.size() > size_ - message_.size() || (end && data.size() != size_ - message_.size())) {
    throw Error(RLSYS_ERROR_MODEL, Cat("a message has another size than the ", size_,
                                       " bytes that its first part says"));
  }
  message_.append(data);
  return end;
}

}  // namespace rlsys::core
