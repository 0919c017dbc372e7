// The facts about a model that `inspect` shows, whatever its format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/text_table.h"
#include "model/model.h"

namespace adze::cli {

/// All tensors of one storage type.
struct TypeShare {
  StorageType storage = nullptr;
  int64_t tensors = 0;
  int64_t parameters = 0;
  int64_t bytes = 0;
};

/// Largest share of the bytes first.
std::vector<TypeShare> type_shares(const model::TensorList& tensors);

double bits_per_weight(const model::TensorList& tensors);

/// Bytes of the file, or of all files in the folder.
uint64_t stored_bytes(const std::string& path);

/// What is known, in the order to show it. Unknown facts are left out.
Facts overview_facts(const model::Model& model);

}  // namespace adze::cli
