// Reads a portable network from its header and tensors, and checks that they fit.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "decoding.h"
#include "dense.h"
#include "layout.h"

namespace rlsys::core {

// Every function throws Error if what it reads is not that of a network.
class NetworkReader {
 public:
  NetworkReader(const Layout& layout, const std::string& data);

  bool scorer() const { return scorer_; }
  bool masked() const { return masked_; }

  // Returns the layers of a role; none if the network has none. `inputs`: of the first layer, or 0
  // where its weights decide that.
  std::vector<Dense> Layers(const std::string& role, size_t inputs) const;

  // Return `count` values, or none if there is no such tensor. They may be infinite. Floats takes
  // doubles as well: bounds of an action space may be such.
  std::vector<float> Floats(const std::string& name, size_t count) const;
  std::vector<double> Doubles(const std::string& name, size_t count) const;

  // `outputs`: of the network.
  Decoding ReadDecoding(size_t outputs) const;

  void Expect(bool holds, const std::string& why) const;

 private:
  template <typename Number>
  std::vector<Number> Numbers(const std::string& name, DataType type) const;

  const Layout& layout_;
  const std::string& data_;
  bool scorer_ = false;
  bool masked_ = false;
  std::map<std::string, std::vector<std::string>> activations_;
  Decoding decoding_;
};

}  // namespace rlsys::core
