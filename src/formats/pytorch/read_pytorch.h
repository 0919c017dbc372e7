// Tensors from PyTorch checkpoints (.bin, .pt, .pth, .th): one file, or shards named by an index.
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"

namespace adze::formats {

bool is_pytorch(const std::string& path);

/// A single file as a bare set of tensors under their own names; single numbers and texts go to Model::other. Nothing
/// in the file is run: what it asked to run is logged as a warning.
model::Model read_pytorch(const std::string& path, const ReadOptions& options = {});

/// The tensors of a folder with pytorch_model.bin or pytorch_model.bin.index.json.
std::vector<model::Tensor> read_pytorch_folder(const std::string& folder);

/// True for a folder that read_pytorch_folder can open.
bool has_pytorch(const std::string& folder);

}  // namespace adze::formats
