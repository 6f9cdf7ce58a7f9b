// What the bytes of a model's version mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rlsys::core {

// Types of numbers, with the protocol's own values.
enum class DataType { kFloat32 = 1, kInt64 = 2, kBool = 3, kUint8 = 4, kFloat64 = 5, kInt32 = 6 };

struct TensorName {
  std::string name;
  DataType type = DataType::kFloat32;
  std::vector<uint64_t> shape;
};

// A tensor and where its bytes lie.
struct Tensor : TensorName {
  size_t offset = 0;
  size_t count = 0;
  size_t bytes = 0;
};

class Layout {
 public:
  // Throws Error if the tensors take more than `most_bytes`, or one has a type that a model cannot
  // have.
  Layout(std::string header, const std::vector<TensorName>& names, size_t most_bytes);

  // The header of the portable network, as JSON text.
  const std::string& header() const { return header_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  // Bytes of all tensors.
  size_t bytes() const { return bytes_; }
  // Returns the tensor of that name, or nullptr.
  const Tensor* Find(const std::string& name) const;

 private:
  std::string header_;
  std::vector<Tensor> tensors_;
  size_t bytes_ = 0;
};

}  // namespace rlsys::core
