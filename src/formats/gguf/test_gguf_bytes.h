// Builds GGUF files byte by byte, so that tests can get every field wrong.
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adze::formats {

class GgufBytes {
 public:
  GgufBytes& raw(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  template <typename T>
  GgufBytes& number(T value) {
    return raw({reinterpret_cast<const char*>(&value), sizeof value});
  }
  GgufBytes& string(std::string_view text) { return number<uint64_t>(text.size()).raw(text); }

  GgufBytes& header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
    return raw("GGUF").number(version).number(tensors).number(keys);
  }
  GgufBytes& string_key(std::string_view key, std::string_view value) {
    return string(key).number<uint32_t>(8).string(value);
  }
  GgufBytes& u32_key(std::string_view key, uint32_t value) { return string(key).number<uint32_t>(4).number(value); }

  /// `dims` as in the file: the row length first.
  GgufBytes& tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset) {
    string(name).number(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) number(dim);
    return number(type).number(offset);
  }
  GgufBytes& pad(size_t alignment = 32) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GgufBytes& zeros(size_t count) {
    bytes_.append(count, '\0');
    return *this;
  }

  std::span<const std::byte> span() const { return std::as_bytes(std::span(bytes_)); }
  const std::string& text() const { return bytes_; }
  void save(const std::string& path) const { std::ofstream(path, std::ios::binary) << bytes_; }

 private:
  std::string bytes_;
};

}  // namespace adze::formats
