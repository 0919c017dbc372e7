// Tensors from *.safetensors: one file, or shards named by an index.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/format.h"

namespace adze::formats {

bool is_safetensors(const std::string& path);

/// A single file as a bare set of tensors under their own names; "__metadata__" goes to Model::other.
model::Model read_safetensors(const std::string& path, const ReadOptions& options = {});

/// The tensors of a folder with model.safetensors or model.safetensors.index.json, in the order of the shards' names
/// and by name inside each shard. Error(not_found) if there is neither or a shard is missing.
std::vector<model::Tensor> read_safetensors_folder(const std::string& folder);

/// True for a folder that read_safetensors_folder can open.
bool has_safetensors(const std::string& folder);

/// Who wrote such a folder, as "format" in the metadata of its first file says: "pt", "mlx" …; empty where it does not.
std::string safetensors_folder_format(const std::string& folder);

}  // namespace adze::formats
