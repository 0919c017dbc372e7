// The storage type of a packed tensor in a format that lacks its own: the proof class decides.
#pragma once

#include <span>

#include "model/tensor.h"
#include "pipeline/repack.h"

namespace adze::pipeline {

struct StorageRules {
  bool require_exact = false;     // scales may not be rounded: a larger type is taken where it avoids that
  bool allow_requantize = false;  // new codes where there is no other way
};

/// What a packed type can become among the types of a format, whatever the numbers are; null: there is none.
struct StorageWays {
  StorageType copied = nullptr;   // the type itself
  StorageType exact = nullptr;    // the smallest that always has the same values
  StorageType depends = nullptr;  // the smallest that has them for some numbers, where it is smaller than `exact`
  StorageType rounded = nullptr;  // the smallest with the same codes
  StorageType requantized = nullptr;
};
StorageWays ways_to_store(StorageType from, std::span<const StorageType> held);

/// Which of the two is taken; either may be null. A type that is exact but much larger is taken only where it must be.
StorageType chosen_type(StorageType exact, StorageType rounded, bool require_exact);

/// Copied where the format holds the type; else moved into the one that it was stored in before, if that is exact; else
/// into the smallest type that takes it exactly or with rounded scales. Error(unsupported) naming the tensor where only
/// new codes would do and they are not allowed. Reads the tensor where its numbers decide.
TensorPlan choose_packed_storage(const model::Tensor& tensor, std::span<const StorageType> held,
                                 const StorageRules& rules);

}  // namespace adze::pipeline
