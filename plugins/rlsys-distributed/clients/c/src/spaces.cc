#include "spaces.h"

#include <functional>
#include <numeric>

#include "text.h"

namespace rlsys::core {

size_t Box::size() const {
  return std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
}

size_t OutputsOf(const Space& space) {
  if (const auto* discrete = std::get_if<Discrete>(&space)) {
    return static_cast<size_t>(discrete->n);
  }
  if (const auto* multi = std::get_if<MultiDiscrete>(&space)) {
    return static_cast<size_t>(std::accumulate(multi->n.begin(), multi->n.end(), int64_t{0}));
  }
  return std::get<Box>(space).size();
}

size_t NumbersOf(const Space& space) {
  if (std::holds_alternative<Discrete>(space)) return 1;
  if (const auto* multi = std::get_if<MultiDiscrete>(&space)) return multi->n.size();
  return std::get<Box>(space).size();
}

std::string Describe(const Space& space) {
  if (const auto* discrete = std::get_if<Discrete>(&space)) {
    return Cat("Discrete(", discrete->n, ")");
  }
  std::string numbers;
  const auto add = [&numbers](const auto& values) {
    for (const auto value : values) numbers += (numbers.empty() ? "" : ", ") + Cat(value);
  };
  if (const auto* multi = std::get_if<MultiDiscrete>(&space)) {
    add(multi->n);
    return Cat("MultiDiscrete([", numbers, "])");
  }
  add(std::get<Box>(space).shape);
  return Cat("Box([", numbers, "])");
}

}  // namespace rlsys::core
