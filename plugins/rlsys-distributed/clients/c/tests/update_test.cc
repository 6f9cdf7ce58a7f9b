#include "update.h"

#include <gtest/gtest.h>

#include <bit>

#include "checksum.h"
#include "error.h"
#include "golden.h"
#include "half.h"
#include "messages.h"

namespace rlsys::core {
namespace {

constexpr size_t kMostBytes = 1 << 20;

class Updates : public testing::Test {
 protected:
  Updates() {
    held_.number = 7;
    held_.incarnation = std::string(16, 'i');
    held_.layout = std::make_shared<const Layout>(golden_.at("header"),
                                                  TensorNames(golden_.at("tensors")), kMostBytes);
    held_.data = FromBase64(golden_.at("old"));
  }

  Update Named(const std::string& name) const {
    return ParseUpdate(FromBase64(Golden(name).at("message")));
  }
  const nlohmann::json& Golden(const std::string& name) const {
    for (const nlohmann::json& one : golden_.at("updates")) {
      if (one.at("name") == name) return one;
    }
    throw std::runtime_error("no update " + name);
  }

  const nlohmann::json golden_ = ReadGolden("updates.json");
  Version held_;
};

TEST_F(Updates, EveryEncodingGivesTheBitsThatPythonHolds) {
  for (const std::string name : {"whole", "exact", "float16", "int8"}) {
    SCOPED_TRACE(name);
    const Version reached = Apply(&held_, Named(name), kMostBytes);
    EXPECT_EQ(reached.data, FromBase64(Golden(name).at("held")));
    EXPECT_EQ(reached.number, 8U);
    EXPECT_EQ(reached.exploration.kind, Exploration::Kind::kSoftmax);
  }
}

TEST_F(Updates, AWholeOneNeedsNothingHeld) {
  EXPECT_EQ(Apply(nullptr, Named("whole"), kMostBytes).data,
            FromBase64(Golden("whole").at("held")));
}

TEST_F(Updates, ADifferenceNeedsItsBase) {
  EXPECT_THROW(Apply(nullptr, Named("exact"), kMostBytes), Error);
  held_.number = 6;
  EXPECT_THROW(Apply(&held_, Named("exact"), kMostBytes), Error);
  held_.number = 7;
  held_.incarnation = "another";
  EXPECT_THROW(Apply(&held_, Named("exact"), kMostBytes), Error);
}

TEST_F(Updates, AnotherChecksumIsRefused) {
  for (const std::string name : {"whole", "exact", "float16", "int8"}) {
    Update update = Named(name);
    update.checksum ^= 1;
    EXPECT_THROW(Apply(&held_, update, kMostBytes), Error);
  }
}

TEST_F(Updates, DamagedOnesAreRefused) {
  for (const std::string name : {"whole", "exact", "float16", "int8"}) {
    Update update = Named(name);
    update.data.resize(update.data.size() / 2);
    EXPECT_THROW(Apply(&held_, update, kMostBytes), Error);
    update = Named(name);
    update.size += 4;
    EXPECT_THROW(Apply(&held_, update, kMostBytes), Error);
    update = Named(name);
    update.size -= 4;
    EXPECT_THROW(Apply(&held_, update, kMostBytes), Error);
    update = Named(name);
    EXPECT_THROW(Apply(&held_, update, 16), Error);
  }
  Update update = Named("int8");
  update.encoding = static_cast<Encoding>(9);
  EXPECT_THROW(Apply(&held_, update, kMostBytes), Error);
  EXPECT_THROW(ParseUpdate("not a message"), Error);
}

TEST(Half, HasTheValuesOfItsStandard) {
  EXPECT_EQ(FromHalf(0x0000), 0.0F);
  EXPECT_TRUE(std::signbit(FromHalf(0x8000)));
  EXPECT_EQ(FromHalf(0x3C00), 1.0F);
  EXPECT_EQ(FromHalf(0xC000), -2.0F);
  EXPECT_EQ(FromHalf(0x7BFF), 65504.0F);
  EXPECT_EQ(FromHalf(0x0400), 0x1p-14F);
  EXPECT_EQ(FromHalf(0x0001), 0x1p-24F);
  EXPECT_EQ(FromHalf(0x83FF), -1023 * 0x1p-24F);
  EXPECT_EQ(FromHalf(0x3555), 0.333251953125F);
  EXPECT_TRUE(std::isinf(FromHalf(0x7C00)));
  EXPECT_TRUE(std::isnan(FromHalf(0x7E00)));
}

TEST(Checksum, IsThatOfTheStandard) {
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926U);  // the published check value
  EXPECT_EQ(Crc32(""), 0U);
}

}  // namespace
}  // namespace rlsys::core
