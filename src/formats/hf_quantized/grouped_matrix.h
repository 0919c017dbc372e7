// A matrix whose codes and scales lie in arrays of their own -> one lazy tensor of a group codec, or of floats.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "codecs/group_codecs.h"
#include "model/tensor.h"

namespace adze::formats {

/// How the arrays are read. Safe from several threads.
struct MatrixReader {
  /// One code to a byte, of all columns of a row.
  std::function<void(int64_t row, std::span<uint8_t> codes)> read_codes;
  /// The scale of a group of a row, as the layout stores it.
  std::function<void(int64_t row, int64_t group, std::byte* scale)> read_scale;
  std::function<void(int64_t first, int64_t count)> release;
  std::string where;
};

/// The longest group of a row's numbers that lies within one of `run` numbers, where these follow each other through
/// all `columns`: their greatest common divisor. Error(unsupported) naming `what` where that is shorter than a group
/// may be.
int64_t group_within(int64_t run, int64_t columns, const std::string& what);

/// REQUIRES: `shape` [rows, columns], columns a multiple of the layout's group.
model::Tensor grouped_matrix(std::string name, const Shape& shape, const codecs::GroupLayout& layout,
                             MatrixReader reader);

/// The same as floats: scale * levels[code], for levels that no codec has. Scales are f32. REQUIRES: codes have levels.
model::Tensor decoded_matrix(std::string name, const Shape& shape, int64_t group, std::vector<float> levels,
                             MatrixReader reader);

/// All bytes of an array one behind the other. They stay where they are if they are mapped, else they go to `scratch`.
std::span<const std::byte> bytes_of(const model::Tensor& array, std::vector<std::byte>& scratch);

}  // namespace adze::formats
