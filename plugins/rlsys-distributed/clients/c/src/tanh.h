// The hyperbolic tangent, written so that a compiler can vectorise a loop over it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace rlsys::core {

// Returns tanh(x); the relative error is below 5e-7 (tests/tanh_test.cc).
//
// tanh(x) = e / (e + 2) with e = exp(2x) - 1. With 2x = k ln 2 + r that is
// e = 2^k (exp(r) - 1) + (2^k - 1), which loses nothing near 0: there k is 0. |r| is at most
// ln(2) / 2, where seven terms of exp's series reach float32's precision.
inline float Tanh(float x) {
  constexpr float kOne = 10.0F;  // tanh(10) is 1 in float32
  constexpr float kLog2E = 1.44269504F;
  // ln 2 in two parts. The first has so few bits that its product with a small whole number is
  // exact.
  constexpr float kLn2High = 0.693359375F;
  constexpr float kLn2Low = -2.12194440e-4F;
  // 1.5 * 2^23: after adding it, the last bits of a float are a whole number.
  constexpr float kRound = 12582912.0F;

  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t sign = bits & 0x80000000U;
  const float absolute = std::bit_cast<float>(bits ^ sign);
  const float limited = absolute < kOne ? absolute : kOne;
  const float doubled = limited + limited;

  const float shifted = doubled * kLog2E + kRound;
  const uint32_t k = std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRound);
  const float whole = shifted - kRound;
  const float r = (doubled - whole * kLn2High) - whole * kLn2Low;

  float series = 1.0F / 5040;
  series = series * r + 1.0F / 720;
  series = series * r + 1.0F / 120;
  series = series * r + 1.0F / 24;
  series = series * r + 1.0F / 6;
  series = series * r + 0.5F;
  const float small = r + r * r * series;

  const float power = std::bit_cast<float>((k + 127U) << 23);
  const float e = power * small + (power - 1.0F);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(e / (e + 2.0F)) | sign);
}

// Replaces every value by its hyperbolic tangent.
inline void TanhInPlace(float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = Tanh(values[i]);
}

}  // namespace rlsys::core
