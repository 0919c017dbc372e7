// The identity of a storage type. Everything that holds numbers points to one of these; codecs/ owns the table.
#pragma once

#include <cstdint>
#include <string_view>

namespace adze {

/// How numbers are packed into bytes: `block_elements` consecutive numbers of a row become `block_bytes` bytes.
/// Plain types (f32, i64) have one element per block. Compared by address: there is one object per storage type.
struct CodecInfo {
  std::string_view name;     // "q4_k": lower case, unique
  std::string_view summary;  // one line for `adze list codecs`
  uint32_t block_elements;
  uint32_t block_bytes;

  double bits_per_weight() const { return 8.0 * block_bytes / block_elements; }
  bool is_plain() const { return block_elements == 1; }
};

/// A storage type: never null where a value exists.
using StorageType = const CodecInfo*;

}  // namespace adze
