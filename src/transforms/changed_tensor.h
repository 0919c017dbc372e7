// Lazy tensors with other values: f32, computed from the original whenever somebody asks for rows.
#pragma once

#include <memory>
#include <vector>

#include "model/tensor.h"
#include "transforms/rotation.h"

namespace adze::transforms {

/// Factors by column or row, shared by all tensors that get the same ones.
using Factors = std::shared_ptr<const std::vector<float>>;

/// Column c times factors[c]. A vector has one row. REQUIRES: one factor per column.
model::Tensor with_columns_scaled(model::Tensor tensor, Factors factors);

/// Row r times factors[r]. REQUIRES: one factor per row.
model::Tensor with_rows_scaled(model::Tensor tensor, Factors factors);

/// W becomes W Q^T, for inputs that become Q x: each row is rotated, in runs of the rotation's size.
/// REQUIRES: rows are a multiple of that size.
model::Tensor with_columns_rotated(model::Tensor tensor, std::shared_ptr<const Rotation> rotation);

/// W becomes Q W, so that outputs become Q y: mixes all rows of a run. The whole result is kept from the first row that
/// is asked for until all are released: 4 bytes per number. REQUIRES: the rotation's size divides the number of rows.
model::Tensor with_rows_rotated(model::Tensor tensor, std::shared_ptr<const Rotation> rotation);

/// A vector of ones, f32.
model::Tensor ones(std::string name, int64_t size);

}  // namespace adze::transforms
