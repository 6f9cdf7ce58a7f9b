// CRC-32 as of ISO 3309 and zlib.
#pragma once

#include <cstdint>
#include <string_view>

namespace rlsys::core {

uint32_t Crc32(std::string_view bytes);

}  // namespace rlsys::core
