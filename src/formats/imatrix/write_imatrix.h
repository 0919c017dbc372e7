// Writes activation statistics, in Adze's own form or as llama.cpp does.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formats/format.h"
#include "model/activation_statistics.h"

namespace adze::formats {

enum class ImatrixForm {
  statistics,  // GGUF with everything; llama.cpp reads its importance and ignores the rest
  imatrix,     // GGUF as llama-imatrix writes it: sums and counts
  dat,         // the older form: mean squares alone
};

/// "statistics", "imatrix" or "dat"; empty: by the end of `path`, where ".dat" means dat, else statistics.
/// Error(bad_input) that lists them.
ImatrixForm imatrix_form_for(std::string_view name, const std::string& path);
std::span<const std::string_view> imatrix_form_names();

/// The file is complete or not there at all. Throws Error(bad_input) where a form cannot hold the numbers.
void write_imatrix(const model::ActivationStatistics& statistics, const std::string& path, ImatrixForm form,
                   const WriteOptions& options = {});

}  // namespace adze::formats
