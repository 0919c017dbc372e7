// Blocks of a group codec taken apart: all codes of a tensor, all scales and all offsets, as tensors of their own.
// Lazy.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codecs/group_codecs.h"
#include "model/model.h"
#include "model/tensor.h"

namespace adze::formats {

/// Where a part lies in a block.
struct Plane {
  int64_t begin;
  int64_t bytes;
};

Plane scale_plane(const codecs::GroupLayout& layout);
Plane offset_plane(const codecs::GroupLayout& layout);  // offsets or zero points; of no bytes where there are none
Plane code_plane(const codecs::GroupLayout& layout);

struct GroupPlanes {
  model::Tensor codes;                   // u8 [..., bytes of the codes of a row]
  model::Tensor scales;                  // of the scale's type [..., groups]; bytes of e8m0 and e4m3
  std::optional<model::Tensor> offsets;  // likewise; zero points are bytes
};

/// All are called like the tensor. Reading the codes keeps scales and offsets of the tensor until they are read, so
/// that its rows are computed once if the codes come first. REQUIRES: a member of the family of group codecs.
GroupPlanes split_planes(const model::Tensor& tensor);

/// The way back: one lazy tensor of the layout's codec, of the codes' rows and as many columns as codes are in one.
/// Error(bad_input) naming it where shapes or types do not fit.
model::Tensor joined_planes(std::string name, const GroupPlanes& planes, const codecs::GroupLayout& layout);

/// What graph formats can hold apart: integers of these widths in groups of 16 to 128 with f32 scales, and no offsets,
/// zero points or f32 offsets. Fewest bits first.
std::vector<StorageType> types_of_planes(std::span<const int> bits);

/// What that keeps of the largest tensor.
int64_t kept_plane_bytes(const model::TensorList& tensors);

/// The same shape with rows of another length.
Shape with_row_length(const Shape& shape, int64_t length);

}  // namespace adze::formats
