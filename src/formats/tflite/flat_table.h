// Reads FlatBuffers without trusting them: every offset is checked against the file before it is followed.
//
// A table lies at some position; its first four bytes lead back to a vtable, which says how long the table is and where
// each field lies in it, 0 for fields that are not there. Vectors and texts are a count with the elements behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace adze::formats {

class FlatTable {
 public:
  using Bytes = std::span<const std::byte>;

  /// The table that a file begins with.
  static FlatTable root(Bytes file) { return FlatTable(file, follow(file, 0)); }
  /// One without any field.
  FlatTable() = default;

  bool has(size_t field) const { return place_of(field, 0) != 0; }

  /// A number, or the fallback where the field is not there.
  template <typename T>
  T number(size_t field, T fallback) const {
    const size_t at = place_of(field, sizeof(T));
    return at == 0 ? fallback : load<T>(file_, at);
  }
  /// Numbers; none where the field is not there.
  template <typename T>
  std::vector<T> numbers(size_t field) const {
    const Bytes elements = vector(field, sizeof(T));
    std::vector<T> list(elements.size() / sizeof(T));
    if (!list.empty()) std::memcpy(list.data(), elements.data(), elements.size());
    return list;
  }
  /// The bytes of a vector of elements of a size.
  Bytes vector(size_t field, size_t element_bytes) const {
    const size_t at = place_of(field, sizeof(uint32_t));
    return at == 0 ? Bytes() : vector_at(follow(file_, at), element_bytes);
  }
  std::string_view text(size_t field) const {
    const Bytes bytes = vector(field, 1);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::optional<FlatTable> table(size_t field) const {
    const size_t at = place_of(field, sizeof(uint32_t));
    return at == 0 ? std::nullopt : std::optional(FlatTable(file_, follow(file_, at)));
  }
  std::vector<FlatTable> tables(size_t field) const {
    const size_t at = place_of(field, sizeof(uint32_t));
    std::vector<FlatTable> list;
    if (at == 0) return list;
    const size_t start = follow(file_, at);
    const size_t count = vector_at(start, sizeof(uint32_t)).size() / sizeof(uint32_t);
    list.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      list.push_back(FlatTable(file_, follow(file_, start + sizeof(uint32_t) * (i + 1))));
    }
    return list;
  }

 private:
  FlatTable(Bytes file, size_t at) : file_(file), at_(at) {
    const auto back = static_cast<int64_t>(load<int32_t>(file, at));
    const int64_t vtable = static_cast<int64_t>(at) - back;
    if (vtable < 0) broken(at);
    vtable_ = static_cast<size_t>(vtable);
    vtable_bytes_ = load<uint16_t>(file, vtable_);
    table_bytes_ = load<uint16_t>(file, vtable_ + sizeof(uint16_t));
    if (vtable_bytes_ < 2 * sizeof(uint16_t) || vtable_bytes_ > file.size() - vtable_) broken(vtable_);
    if (table_bytes_ < sizeof(int32_t) || table_bytes_ > file.size() - at) broken(at);
  }

  [[noreturn]] static void broken(size_t at) {
    fail(ErrorCode::bad_input, "an offset at byte {} leads out of the file or its table", at);
  }

  template <typename T>
  static T load(Bytes file, size_t at) {
    if (at > file.size() || sizeof(T) > file.size() - at) broken(at);
    T value;
    std::memcpy(&value, file.data() + at, sizeof(T));
    return value;
  }

  static size_t follow(Bytes file, size_t at) {
    const size_t target = at + load<uint32_t>(file, at);
    if (target >= file.size()) broken(at);
    return target;
  }

  Bytes vector_at(size_t at, size_t element_bytes) const {
    const size_t count = load<uint32_t>(file_, at), start = at + sizeof(uint32_t);
    if (count > (file_.size() - start) / element_bytes) broken(at);
    return file_.subspan(start, count * element_bytes);
  }

  /// 0: it is not there.
  size_t place_of(size_t field, size_t bytes) const {
    const size_t entry = (2 + field) * sizeof(uint16_t);
    if (entry + sizeof(uint16_t) > vtable_bytes_) return 0;
    const size_t offset = load<uint16_t>(file_, vtable_ + entry);
    if (offset == 0) return 0;
    if (offset + bytes > table_bytes_) broken(vtable_ + entry);
    return at_ + offset;
  }

  Bytes file_;
  size_t at_ = 0, vtable_ = 0, vtable_bytes_ = 0, table_bytes_ = 0;
};

}  // namespace adze::formats
