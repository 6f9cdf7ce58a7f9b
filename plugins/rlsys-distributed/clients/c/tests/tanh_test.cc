#include "tanh.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rlsys::core {
namespace {

double RelativeError(float x) {
  const double exact = std::tanh(static_cast<double>(x));
  return std::abs((static_cast<double>(Tanh(x)) - exact) / exact);
}

TEST(Tanh, DiffersFromTheExactValueByLessThan5e7OfIt) {
  double largest = 0;
  for (float x = -12.0F; x < 12.0F; x += 1.37e-4F) {
    if (x != 0.0F) largest = std::max(largest, RelativeError(x));
  }
  for (float x = 1e-30F; x < 1e10F; x *= 1.0003F) largest = std::max(largest, RelativeError(x));
  RecordProperty("largest_relative_error", std::to_string(largest * 1e9) + "e-9");
  EXPECT_LT(largest, 5e-7);
}

TEST(Tanh, IsExactAtItsEnds) {
  EXPECT_EQ(Tanh(0.0F), 0.0F);
  EXPECT_TRUE(std::signbit(Tanh(-0.0F)));
  EXPECT_EQ(Tanh(20.0F), 1.0F);
  EXPECT_EQ(Tanh(-std::numeric_limits<float>::infinity()), -1.0F);
  EXPECT_EQ(Tanh(std::numeric_limits<float>::max()), 1.0F);
}

TEST(Tanh, IsOdd) {
  for (float x = 0.01F; x < 11.0F; x *= 1.01F) EXPECT_EQ(Tanh(-x), -Tanh(x));
}

}  // namespace
}  // namespace rlsys::core
