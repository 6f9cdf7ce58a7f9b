#include "parts.h"

#include <gtest/gtest.h>

#include "error.h"

namespace rlsys::core {
namespace {

TEST(Assembler, PutsPartsTogether) {
  Assembler assembler(100);
  EXPECT_FALSE(assembler.Take("abc", false, 8));
  EXPECT_FALSE(assembler.Take("def", false, 0));
  EXPECT_TRUE(assembler.Take("gh", true, 0));
  EXPECT_EQ(assembler.message(), "abcdefgh");
  EXPECT_TRUE(assembler.Take("next", true, 4));
  EXPECT_EQ(assembler.message(), "next");
  EXPECT_TRUE(assembler.Take("", true, 0));
  EXPECT_EQ(assembler.message(), "");
}

TEST(Assembler, RefusesWhatIsLargerThanAllowedBeforeItKeepsIt) {
  Assembler assembler(100);
  EXPECT_THROW(assembler.Take("a", false, 101), Error);
}

TEST(Assembler, RefusesAnotherSizeThanTheFirstPartSays) {
  Assembler more(100);
  more.Take("abc", false, 5);
  EXPECT_THROW(more.Take("def", false, 0), Error);
  Assembler fewer(100);
  EXPECT_THROW(fewer.Take("abc", true, 5), Error);
}

}  // namespace
}  // namespace rlsys::core
