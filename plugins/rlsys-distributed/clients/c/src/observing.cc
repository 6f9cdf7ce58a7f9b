#include "observing.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "error.h"
#include "text.h"

namespace rlsys::core {
namespace {

// Whether all values are finite; without a branch per value, so that it is vectorised.
bool AllFinite(const float* values, size_t count) {
  uint32_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(values[i]) & 0x7F800000U;
    found |= exponent == 0x7F800000U ? 1U : 0U;
  }
  return found == 0;
}

}  // namespace

void ReadObservation(const Shapes& shapes, const float* observation, size_t values,
                     std::string& bytes) {
  if (observation == nullptr) throw Error(RLSYS_ERROR_ARGUMENT, "the observation is NULL");
  if (values != shapes.values) {
    throw Error(RLSYS_ERROR_ARGUMENT,
                Cat("the observation has ", values, " values, not ", shapes.values));
  }
  if (!AllFinite(observation, values)) {
    size_t which = 0;
    while (std::isfinite(observation[which])) ++which;
    throw Error(RLSYS_ERROR_NOT_FINITE, Cat("value ", which, " of the observation is ",
                                            observation[which], "; give finite numbers"));
  }
  if (!shapes.bytes) {
    bytes.resize(values * sizeof(float));
    std::memcpy(bytes.data(), observation, bytes.size());
    return;
  }
  bytes.resize(values);
  for (size_t i = 0; i < values; ++i) {
    const float value = observation[i];
    if (!(value >= 0 && value <= 255 && value == std::floor(value))) {
      throw Error(RLSYS_ERROR_ARGUMENT, Cat("value ", i, " of the observation is ", value,
                                            "; a uint8 space has whole numbers 0 to 255"));
    }
    bytes[i] = static_cast<char>(static_cast<uint8_t>(value));
  }
}

void ReadMask(const Shapes& shapes, const uint8_t* mask, size_t values, std::string& bytes) {
  if (shapes.mask == 0 && (mask != nullptr || values != 0)) {
    throw Error(RLSYS_ERROR_ARGUMENT,
                "there is a mask, but the configuration does not say \"masked\": true");
  }
  if (shapes.mask == 0) return;
  if (mask == nullptr || values != shapes.mask) {
    throw Error(RLSYS_ERROR_ARGUMENT,
                Cat("the mask has ", mask == nullptr ? 0 : values, " values, not ", shapes.mask));
  }
  bytes.resize(values);
  bool any = false;
  for (size_t i = 0; i < values; ++i) {
    bytes[i] = mask[i] != 0 ? 1 : 0;
    any = any || mask[i] != 0;
  }
  if (!any) {
    throw Error(RLSYS_ERROR_ARGUMENT, "the mask allows no action; allow at least one");
  }
}

}  // namespace rlsys::core
