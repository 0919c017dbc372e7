// Whether a folder says anything about the computation that its architecture does not do.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "formats/hf/weight_names.h"

namespace adze::formats {

/// The names of a folder's weights without buffers that follow from the config.
struct FolderWeights {
  const std::vector<std::string>& names;
  const WeightNameVariant& variant;
};

/// One Error(unsupported) that names every weight without a place, grouped by layer, every setting that would change
/// the result and is not computed with, and what to do; of an unknown class against the architecture whose weights are
/// most like these. Settings that nobody knows and that sound harmless are a warning. Weights that the architecture
/// leaves out are no fault.
void require_understood(const Json& config, const std::string& source, const FolderWeights& weights);

}  // namespace adze::formats
