#include "text/tokenizers/protobuf_fields.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace adze::text {
namespace {

constexpr int kMaxNumberBytes = 10;

}  // namespace

float ProtobufField::as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }

void ProtobufFields::fail_at_end() const {
  fail(ErrorCode::bad_input, "{}: a protobuf message ends too early, or is none", source_);
}

std::string_view ProtobufFields::take(uint64_t bytes) {
  if (bytes > rest_.size()) fail_at_end();
  const auto taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

uint64_t ProtobufFields::take_number() {
  uint64_t number = 0;
  for (int i = 0; i < kMaxNumberBytes; ++i) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    number |= static_cast<uint64_t>(byte & 0x7F) << 7 * i;
    if (byte < 0x80) return number;
  }
  fail(ErrorCode::bad_input, "{}: a number of a protobuf message has no end", source_);
}

uint64_t ProtobufFields::take_fixed(size_t bytes) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t bits = 0;
  std::memcpy(&bits, take(bytes).data(), bytes);
  return bits;
}

bool ProtobufFields::next(ProtobufField& field) {
  using Kind = ProtobufField::Kind;
  if (rest_.empty()) return false;
  const uint64_t key = take_number();
  field = {.number = static_cast<uint32_t>(key >> 3), .kind = Kind::number, .value = 0, .bytes = {}};
  switch (key & 7) {
    case 0:
      field.value = take_number();
      return true;
    case 1:
      field.kind = Kind::bits64;
      field.value = take_fixed(8);
      return true;
    case 2:
      field.kind = Kind::bytes;
      field.bytes = take(take_number());
      return true;
    case 5:
      field.kind = Kind::bits32;
      field.value = take_fixed(4);
      return true;
    default:
      fail(ErrorCode::bad_input, "{}: a protobuf field is of kind {}, which is none", source_, key & 7);
  }
}

}  // namespace adze::text
