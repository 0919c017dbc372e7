// Everything in a GGUF file except the numbers of its tensors. docs/formats/gguf.md has the layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/key_values.h"
#include "tensor/shape.h"

namespace adze::formats {

inline constexpr uint32_t kGgufMagic = 0x46554747;  // "GGUF"
inline constexpr uint32_t kGgufVersion = 3;
inline constexpr uint64_t kGgufDefaultAlignment = 32;
inline constexpr uint32_t kGgufMaxDims = 4;

struct GgufTensorInfo {
  std::string name;
  Shape shape;  // outermost first: the reverse of the file's order
  StorageType storage = nullptr;
  uint64_t offset = 0;  // from the start of the file
  uint64_t byte_size = 0;
};

struct GgufHeader {
  uint32_t version = kGgufVersion;
  uint64_t alignment = kGgufDefaultAlignment;
  model::KeyValues keys;  // in file order, with their full names
  std::vector<GgufTensorInfo> tensors;
};

/// Of the tensors, as the keys say. Error(bad_input) where it is no power of two up to 2^20.
uint64_t gguf_alignment(const model::KeyValues& keys);

/// Reads and checks the header in `file`, the bytes of the whole file; `path` is for messages. After it returns every
/// tensor lies within the file, is aligned and overlaps no other.
/// Throws Error(bad_input | unsupported) naming file, tensor and byte offset.
GgufHeader read_gguf_header(std::span<const std::byte> file, const std::string& path);

}  // namespace adze::formats
