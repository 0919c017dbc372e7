// The numbers by which a GGUF file names the storage types of its tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tensor/codec_info.h"

namespace adze::formats {

struct GgmlType {
  uint32_t id;
  StorageType storage;
};

/// Every type that a GGUF file may hold, by id. Some can be listed and copied but not decoded: they have no codec yet.
std::span<const GgmlType> all_ggml_types();

/// Null for an id that no GGUF file uses.
StorageType storage_of_ggml_type(uint32_t id);

/// Empty for a storage type that GGUF cannot hold.
std::optional<uint32_t> ggml_type_of(StorageType storage);

}  // namespace adze::formats
