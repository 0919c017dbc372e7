// The fields of a protobuf message, one after the other; every length is checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace adze::text {

struct ProtobufField {
  uint32_t number = 0;
  enum class Kind : uint8_t { number, bits64, bytes, bits32 } kind = Kind::number;
  uint64_t value = 0;      // of a number, or the bits of one of fixed size
  std::string_view bytes;  // of a text, bytes or a message

  float as_float() const;
};

class ProtobufFields {
 public:
  /// `source` names the file in messages.
  ProtobufFields(std::string_view message, const std::string& source) : rest_(message), source_(source) {}

  /// False at the end. Throws Error(bad_input) where the message is cut off or has fields of an unknown kind.
  bool next(ProtobufField& field);

 private:
  uint64_t take_number();
  uint64_t take_fixed(size_t bytes);
  std::string_view take(uint64_t bytes);
  [[noreturn]] void fail_at_end() const;

  std::string_view rest_;
  const std::string& source_;
};

}  // namespace adze::text
