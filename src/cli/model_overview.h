// The facts about a model that `inspect` shows, whatever its format.
#pragma once

#include <cstdint>
#include <string>

#include "model/model.h"
#include "report/fact_list.h"
#include "report/table.h"

namespace adze::cli {

/// Bytes of the file and of those with numbers that belong to it, or of all files in the folder.
int64_t stored_bytes(const std::string& path);

/// What is known, in the order to show it. Unknown facts are left out.
report::FactList overview_facts(const model::Model& model);

/// One row per storage type, the one with most bytes first.
report::Table tensor_types_table(const model::TensorList& tensors);

report::Table tensors_table(const model::TensorList& tensors);

}  // namespace adze::cli
