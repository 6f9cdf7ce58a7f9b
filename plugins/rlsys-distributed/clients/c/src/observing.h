// Checks what a program passes, and turns it into the bytes that are sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shapes.h"

namespace rlsys::core {

// Writes an observation as bytes. Throws Error if it has another size, is NaN or infinite, or is
// not what the space's type allows.
void ReadObservation(const Shapes& shapes, const float* observation, size_t values,
                     std::string& bytes);

// Writes a mask as bytes 0 and 1. Throws Error if there is one and the configuration has no masks
// or the other way round, if it has another size, or if it allows nothing.
void ReadMask(const Shapes& shapes, const uint8_t* mask, size_t values, std::string& bytes);

}  // namespace rlsys::core
