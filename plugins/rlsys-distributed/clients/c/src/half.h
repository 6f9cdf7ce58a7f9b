// 16-bit floats (IEEE 754 binary16).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace rlsys::core {

// Returns the exact value of a 16-bit float.
inline float FromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero and the numbers below the smallest power
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  const uint32_t wide = exponent == 31 ? 255U : exponent + 112U;  // 112 = 127 - 15
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

}  // namespace rlsys::core
