// The names by which a safetensors file calls its storage types: "F32", "BF16" …
#pragma once

#include <span>
#include <string_view>

#include "tensor/codec_info.h"

namespace adze::formats {

struct SafetensorsDtype {
  std::string_view name;
  StorageType storage;
};

/// Some can be listed and copied but not decoded: they have no codec yet.
std::span<const SafetensorsDtype> all_safetensors_dtypes();

/// Null for an unknown name.
StorageType storage_of_dtype(std::string_view name);

/// Empty for a storage type that safetensors cannot hold.
std::string_view dtype_of(StorageType storage);

}  // namespace adze::formats
