// Tensors to *.safetensors: one file, or shards with an index.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/output_folder.h"
#include "formats/format.h"

namespace adze::formats {

/// A bare set of tensors in one file, with "__metadata__" from the strings of Model::other.
/// Error(unsupported) for a storage type that safetensors cannot hold.
void write_safetensors(const model::Model& model, const std::string& path, const WriteOptions& options = {});

/// What differs between programs that write such folders.
struct SafetensorsFolderStyle {
  std::string format = "pt";      // "format" of the files' metadata: readers look for it before they trust names
  bool keeps_order = false;       // tensors as they are given; otherwise those with wide elements come first
  bool always_has_index = false;  // for a single file too
  int64_t total_parameters = 0;   // for the index; 0: it does not say
};

/// model.safetensors, or model-00001-of-0000N.safetensors … with model.safetensors.index.json when the tensors take
/// more than options.max_shard_bytes.
void write_safetensors_folder(std::span<const model::Tensor> tensors, const OutputFolder& folder,
                              const WriteOptions& options = {}, const SafetensorsFolderStyle& style = {});

}  // namespace adze::formats
