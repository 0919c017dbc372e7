// Reads little-endian fields from bytes that nobody has checked yet.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace adze::formats {

static_assert(std::endian::native == std::endian::little, "file fields are copied as they are");

/// A position in the bytes of a file. Every read is checked; errors name the file, the byte offset and what was read.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  const std::string& path() const { return path_; }

  template <typename T>
  T read(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::span<const std::byte> take(uint64_t count, std::string_view what) {
    if (count > remaining()) {
      fail_here("{} needs {} bytes, but only {} are left; is the file complete?", what, count, remaining());
    }
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += static_cast<size_t>(count);
    return taken;
  }

  /// A count of things that take at least `bytes_each` each: refused when the file cannot hold that many.
  size_t check_count(uint64_t count, size_t bytes_each, std::string_view what) const {
    if (count > remaining() / bytes_each) {
      fail_here("{} {} cannot fit in the {} bytes that are left", count, what, remaining());
    }
    return static_cast<size_t>(count);
  }

  /// Throws Error(bad_input) that names the file and the current byte.
  template <typename... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::bad_input, "{}: byte {}: {}", path_, position_,
         fmt::vformat(format, fmt::make_format_args(args...)));
  }

 private:
  std::span<const std::byte> bytes_;
  std::string path_;
  size_t position_ = 0;
};

}  // namespace adze::formats
