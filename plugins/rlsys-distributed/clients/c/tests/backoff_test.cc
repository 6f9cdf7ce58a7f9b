#include "backoff.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rlsys::core {
namespace {

TEST(Backoff, DoublesFromATenthToFiveSecondsWithinAQuarter) {
  Backoff backoff(1);
  double wanted = 0.1;
  for (int i = 0; i < 20; ++i) {
    const double wait = backoff.Next().count();
    EXPECT_GE(wait, 0.75 * wanted);
    EXPECT_LE(wait, 1.25 * wanted);
    wanted = std::min(5.0, 2 * wanted);
  }
  backoff.Reset();
  EXPECT_LE(backoff.Next().count(), 0.125);
}

}  // namespace
}  // namespace rlsys::core
