#include "layout.h"

#include "error.h"
#include "text.h"

namespace rlsys::core {

Layout::Layout(std::string header, const std::vector<TensorName>& names, size_t most_bytes)
    : header_(std::move(header)) {
  for (const TensorName& name : names) {
    if (name.type != DataType::kFloat32 && name.type != DataType::kFloat64) {
      throw Error(RLSYS_ERROR_MODEL,
                  Cat("tensor '", name.name, "' has the type ", static_cast<int>(name.type),
                      "; a model has FLOAT32 and FLOAT64"));
    }
    const size_t width = name.type == DataType::kFloat64 ? 8 : 4;
    Tensor tensor;
    static_cast<TensorName&>(tensor) = name;
    tensor.offset = bytes_;
    tensor.count = 1;
    for (const uint64_t size : name.shape) {
      if (size != 0 && tensor.count > most_bytes / size) {
        throw Error(RLSYS_ERROR_MODEL,
                    Cat("tensor '", name.name, "' is larger than ", most_bytes, " bytes"));
      }
      tensor.count *= size;
    }
    tensor.bytes = tensor.count * width;
    bytes_ += tensor.bytes;
    if (bytes_ > most_bytes) {
      throw Error(RLSYS_ERROR_MODEL, Cat("the model is larger than ", most_bytes, " bytes"));
    }
    tensors_.push_back(std::move(tensor));
  }
}

const Tensor* Layout::Find(const std::string& name) const {
  for (const Tensor& tensor : tensors_) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

}  // namespace rlsys::core
