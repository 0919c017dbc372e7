// What a safetensors file says about itself: the JSON in front of the numbers. docs/formats/safetensors.md has the
// layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tensor/shape.h"

namespace adze::formats {

struct SafetensorsEntry {
  std::string name;
  Shape shape;
  StorageType storage = nullptr;
  uint64_t offset = 0;  // from the start of the file
  uint64_t byte_size = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;                      // in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;  // "__metadata__"
};

/// Reads and checks the header in `file`, the bytes of the whole file. After it returns the tensors cover the data
/// without gap or overlap. Throws Error(bad_input | unsupported) naming file, tensor and byte.
SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const std::string& path);

}  // namespace adze::formats
