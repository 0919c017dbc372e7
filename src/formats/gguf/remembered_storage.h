// How tensors were stored before they came to GGUF: the key adze.stored_before, one name per tensor in the order of the
// file, empty where nothing is remembered.
#pragma once

#include "model/model.h"

namespace adze::formats {

/// Sets Tensor::stored_before from the key. Names that are not known here, and lists of another length, say nothing.
void recall_storage(model::Model& model);

/// Sets the key where a tensor remembers something, and removes it where none does.
void remember_storage(model::Model& model);

}  // namespace adze::formats
