#include "update.h"

#include <zstd.h>

#include <bit>
#include <cstring>

#include "checksum.h"
#include "error.h"
#include "half.h"
#include "text.h"

namespace rlsys::core {
namespace {

static_assert(std::endian::native == std::endian::little, "the protocol's bytes are little endian");

Error Refuse(const Update& update, const std::string& why) {
  return Error(RLSYS_ERROR_MODEL, Cat("version ", update.version, " of the model: ", why));
}

std::string Decompress(const Update& update, size_t most_bytes) {
  if (update.size > most_bytes) {
    throw Refuse(update, Cat(update.size, " bytes; at most ", most_bytes, " are allowed"));
  }
  // Never more than it says: what was compressed may be far larger than its bytes.
  std::string content(update.size, '\0');
  const size_t found =
      ZSTD_decompress(content.data(), content.size(), update.data.data(), update.data.size());
  if (ZSTD_isError(found) != 0) throw Refuse(update, ZSTD_getErrorName(found));
  if (found != update.size) {
    throw Refuse(update, Cat(found, " bytes once decompressed, not ", update.size));
  }
  return content;
}

template <typename Number>
Number Read(const char* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

// Undoes the planes: byte b of every four stands in plane b.
std::string FromPlanes(const std::string& old, const std::string& content) {
  std::string data = old;
  const size_t quads = data.size() / 4;
  for (size_t plane = 0; plane < 4; ++plane) {
    const char* changed = content.data() + plane * quads;
    for (size_t i = 0; i < quads; ++i) {
      data[4 * i + plane] = static_cast<char>(data[4 * i + plane] ^ changed[i]);
    }
  }
  return data;
}

size_t RoundedBytes(const Tensor& tensor, Encoding encoding) {
  if (tensor.type != DataType::kFloat32) return tensor.bytes;
  return encoding == Encoding::kFloat16 ? 2 * tensor.count : sizeof(float) + tensor.count;
}

// Adds rounded differences. This file is compiled without fused multiply-add, so that every client
// and the server hold the same bits.
std::string FromRounded(const Layout& layout, const std::string& old, const std::string& content,
                        Encoding encoding) {
  std::string data = old;
  const char* from = content.data();
  for (const Tensor& tensor : layout.tensors()) {
    char* to = data.data() + tensor.offset;
    if (tensor.type != DataType::kFloat32) {
      std::memcpy(to, from, tensor.bytes);
    } else if (encoding == Encoding::kFloat16) {
      for (size_t i = 0; i < tensor.count; ++i) {
        const float sum = Read<float>(to + 4 * i) + FromHalf(Read<uint16_t>(from + 2 * i));
        std::memcpy(to + 4 * i, &sum, sizeof sum);
      }
    } else {
      const float scale = Read<float>(from);
      for (size_t i = 0; i < tensor.count; ++i) {
        const auto steps = static_cast<float>(Read<int8_t>(from + sizeof scale + i));
        const float change = scale * steps;
        const float sum = Read<float>(to + 4 * i) + change;
        std::memcpy(to + 4 * i, &sum, sizeof sum);
      }
    }
    from += RoundedBytes(tensor, encoding);
  }
  return data;
}

std::string NewData(const Version* held, const Layout& layout, const Update& update,
                    std::string content) {
  size_t wanted = layout.bytes();
  const bool rounded = update.base != 0 && update.encoding != Encoding::kExact;
  if (rounded) {
    if (update.encoding != Encoding::kFloat16 && update.encoding != Encoding::kInt8) {
      throw Refuse(update, Cat("unknown encoding ", static_cast<int>(update.encoding)));
    }
    wanted = 0;
    for (const Tensor& tensor : layout.tensors()) wanted += RoundedBytes(tensor, update.encoding);
  }
  if (content.size() != wanted) {
    throw Refuse(update, Cat(content.size(), " bytes, but its tensors take ", wanted));
  }
  if (update.base == 0) return content;
  if (rounded) return FromRounded(layout, held->data, content, update.encoding);
  return FromPlanes(held->data, content);
}

}  // namespace

Version Apply(const Version* held, const Update& update, size_t most_bytes) {
  Version reached;
  if (update.base == 0) {
    reached.layout = std::make_shared<const Layout>(update.header, update.tensors, most_bytes);
  } else if (held == nullptr || held->number != update.base ||
             held->incarnation != update.incarnation) {
    throw Refuse(update, Cat("a difference to version ", update.base, ", which is not held"));
  } else {
    reached.layout = held->layout;
  }
  reached.number = update.version;
  reached.incarnation = update.incarnation;
  reached.exploration = update.exploration;
  reached.data = NewData(held, *reached.layout, update, Decompress(update, most_bytes));
  if (Crc32(reached.data) != update.checksum) throw Refuse(update, "the checksum differs");
  return reached;
}

}  // namespace rlsys::core
