#pragma once

#include "ops/linear/rows16.h"
#include "ops/op.h"

namespace adze::ops {

/// The layout of a quantized storage type, or null when it has none.
const Rows16Layout* rows16_layout(StorageType storage);

/// True for f32, f16 and bf16.
bool is_plain_rows16(StorageType storage);

extern const WeightPacking rows16;

/// Packs `count` groups of a tensor in memory, from number `first` on, one behind the other.
void pack_rows16(const TensorView& rows, int64_t first, int64_t count, std::byte* groups);

}  // namespace adze::ops
