// Whether a model's tokenizer and chat templates still do what they did when it was written.
#pragma once

#include "model/model.h"

namespace adze::formats {

/// Compares them with the model's kit, if it has one; sets Model::conformance_faults and logs each as a warning.
void check_conformance(model::Model& model);

}  // namespace adze::formats
