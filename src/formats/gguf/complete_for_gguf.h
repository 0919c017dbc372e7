// The keys that GGUF readers expect and that follow from the rest of a model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/model.h"

namespace adze::formats {

/// "general.file_type" for tensors of which most numbers are stored in one way; empty when GGUF has no number for it.
std::optional<uint32_t> file_type_of(const model::TensorList& tensors);

/// Adds what is missing of general.type, general.file_type, general.quantization_version and vocab_size.
void complete_for_gguf(model::Model& model);

/// The storage that GGUF readers expect for a tensor when the others are stored as `wanted`: vectors, norms and what
/// does not end in ".weight" stay f32. Integers stay what they are.
StorageType gguf_storage(const model::Tensor& tensor, StorageType wanted);

/// The packed types that a GGUF file can hold and that can be written.
std::span<const StorageType> gguf_packed_types();

}  // namespace adze::formats
