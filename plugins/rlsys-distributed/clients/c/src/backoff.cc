#include "backoff.h"

#include <algorithm>

namespace rlsys::core {
namespace {

constexpr double kFirst = 0.1;
constexpr double kLongest = 5.0;

}  // namespace

std::chrono::duration<double> Backoff::Next() {
  seconds_ = seconds_ == 0 ? kFirst : std::min(2 * seconds_, kLongest);
  std::uniform_real_distribution<double> part(0.75, 1.25);
  return std::chrono::duration<double>(seconds_ * part(random_));
}

void Backoff::Reset() { seconds_ = 0; }

}  // namespace rlsys::core
