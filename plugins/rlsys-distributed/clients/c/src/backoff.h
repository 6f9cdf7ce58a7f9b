// How long to wait before the next attempt to connect.
#pragma once

#include <chrono>
#include <random>

namespace rlsys::core {

// 0.1 s, then twice as long every time up to 5 s, each changed by up to a quarter at random, so
// that many clients do not come back at the same moment.
class Backoff {
 public:
  explicit Backoff(uint64_t seed) : random_(seed) {}

  // Returns the next wait.
  std::chrono::duration<double> Next();

  // Starts over.
  void Reset();

 private:
  std::minstd_rand random_;
  double seconds_ = 0;
};

}  // namespace rlsys::core
