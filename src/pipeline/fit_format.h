// What a format can hold of the types that were chosen for the tensors of a model.
#pragma once

#include <span>
#include <vector>

#include "formats/format.h"
#include "pipeline/repack.h"
#include "quantize/mix.h"

namespace adze::pipeline {

/// Makes plans of float16 where the format has no place for packed numbers.
void keep_floats(const formats::Format& format, std::vector<TensorPlan>& plans, const model::TensorList& tensors);

/// Error(unsupported) naming the first tensor whose type the format does not have, and one that it has.
void refuse_types(const formats::Format& format, const std::vector<TensorPlan>& plans,
                  const model::TensorList& tensors);

/// Error(unsupported) naming the types that fit, where a format of modules would keep a matrix in floats because its
/// rows do not divide into groups: nobody asks for that.
void refuse_wide_blocks(const formats::Format& format, std::span<const quantize::TensorChoice> choices,
                        const model::TensorList& tensors);

}  // namespace adze::pipeline
