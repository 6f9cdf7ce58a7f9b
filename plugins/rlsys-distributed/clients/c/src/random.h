// Random numbers for one thread.
#pragma once

#include <cstdint>
#include <random>

namespace rlsys::core {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // Starts over from a seed of the system.
  void Reseed() {
    std::random_device device;
    engine_.seed((static_cast<uint64_t>(device()) << 32) | device());
    normal_.reset();
  }

  // Returns a number in [0, 1), a multiple of 2^-53.
  double Uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

  // Returns a whole number from 0 to n - 1.
  uint64_t Below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(engine_); }

  // Returns a number from the standard normal distribution.
  double Normal() { return normal_(engine_); }

 private:
  std::mt19937_64 engine_;
  std::normal_distribution<double> normal_;
};

}  // namespace rlsys::core
