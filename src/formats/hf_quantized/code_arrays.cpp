#include "formats/hf_quantized/code_arrays.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace adze::formats {
namespace {

/// Codes of an array by its own rows and columns, unpacked.
struct CodeRegion {
  int64_t row, rows;
  int64_t column, columns;
};

/// Where the codes of some outputs lie in the array, and in memory.
class OutputRange {
 public:
  OutputRange(const CodeLayout& layout, MatrixSize size, Outputs outputs)
      : is_transposed_(layout.is_transposed), size_(size), first_(outputs.first), count_(outputs.count) {}

  CodeRegion region() const {
    return is_transposed_ ? CodeRegion{0, size_.inputs, first_, count_} : CodeRegion{first_, count_, 0, size_.inputs};
  }
  /// The place of a code in memory, by its row and column in the array.
  int64_t place(int64_t row, int64_t column) const {
    return is_transposed_ ? (column - first_) * size_.inputs + row : (row - first_) * size_.inputs + column;
  }

 private:
  const bool is_transposed_;
  const MatrixSize size_;
  const int64_t first_, count_;
};

/// One unit: its first code by row and column, and the axis that its codes go along.
struct Unit {
  int64_t row, column;
  bool along_row;
};

/// Calls `work(unit)` for every unit with codes in the region.
template <typename Work>
void for_each_unit(const CodeLayout& layout, const CodeRegion& region, const Work& work) {
  const int64_t codes = layout.packing->codes;
  if (layout.words_follow_rows) {
    const int64_t begin = region.column / codes * codes;
    for (int64_t row = region.row; row < region.row + region.rows; ++row) {
      for (int64_t column = begin; column < region.column + region.columns; column += codes)
        work(Unit{row, column, true});
    }
  } else {
    const int64_t begin = region.row / codes * codes;
    for (int64_t row = begin; row < region.row + region.rows; row += codes) {
      for (int64_t column = region.column; column < region.column + region.columns; ++column) {
        work(Unit{row, column, false});
      }
    }
  }
}

/// Calls `work(place in memory, number in the unit)` for the codes of a unit that are in the region.
template <typename Work>
void for_each_code(const Unit& unit, int codes, const OutputRange& range, const Work& work) {
  const CodeRegion region = range.region();
  const int64_t at = unit.along_row ? unit.column : unit.row;
  const int64_t begin = unit.along_row ? region.column : region.row;
  const int64_t end = begin + (unit.along_row ? region.columns : region.rows);
  const int64_t step = unit.along_row ? range.place(unit.row, unit.column + 1) - range.place(unit.row, unit.column)
                                      : range.place(unit.row + 1, unit.column) - range.place(unit.row, unit.column);
  const int64_t place = range.place(unit.row, unit.column);
  const int64_t first = std::max<int64_t>(0, begin - at), last = std::min<int64_t>(codes, end - at);
  for (int64_t i = first; i < last; ++i) work(place + i * step, i);
}

/// The words of units in some rows of an array.
template <typename Byte>
class Words {
 public:
  Words(const CodeLayout& layout, MatrixSize size, Byte* bytes, int64_t first_row)
      : packing_(*layout.packing), shape_(code_array_shape(layout, size)), bytes_(bytes), first_row_(first_row) {}

  /// Calls `work(number in the unit, bytes of the word)` for the words of a unit that the array has.
  template <typename Work>
  void for_each_word(const Unit& unit, const Work& work) const {
    const int64_t row = unit.along_row ? unit.row : unit.row / packing_.codes * packing_.words;
    const int64_t column = unit.along_row ? unit.column / packing_.codes * packing_.words : unit.column;
    const int64_t left = unit.along_row ? shape_[1] - column : shape_[0] - row;
    const int64_t step = packing_.word_bytes * (unit.along_row ? 1 : shape_[1]);
    Byte* word = bytes_ + ((row - first_row_) * shape_[1] + column) * packing_.word_bytes;
    for (int64_t i = 0; i < std::min<int64_t>(packing_.words, left); ++i, word += step) work(i, word);
  }

 private:
  const WordPacking& packing_;
  const Shape shape_;
  Byte* const bytes_;
  const int64_t first_row_;
};

struct RowRange {
  int64_t first, count;
};

/// The rows of the array that hold words of the region.
RowRange rows_with(const CodeLayout& layout, MatrixSize size, const CodeRegion& region) {
  if (layout.words_follow_rows) return {region.row, region.rows};
  const auto& packing = *layout.packing;
  const int64_t begin = region.row / packing.codes * packing.words;
  const int64_t end = (region.row + region.rows + packing.codes - 1) / packing.codes * packing.words;
  return {begin, std::min(end, code_array_shape(layout, size)[0]) - begin};
}

}  // namespace

Shape code_array_shape(const CodeLayout& layout, MatrixSize size) {
  int64_t rows = size.outputs, columns = size.inputs;
  if (layout.is_transposed) std::swap(rows, columns);
  int64_t& packed = layout.words_follow_rows ? columns : rows;
  packed = layout.packing->words_for(packed);
  return {rows, columns};
}

void read_codes(const model::Tensor& array, const CodeLayout& layout, MatrixSize size, Outputs outputs,
                uint8_t* codes) {
  const OutputRange range(layout, size, outputs);
  const auto [first_row, rows] = rows_with(layout, size, range.region());
  std::vector<std::byte> scratch;
  const Words words(layout, size, array.source->rows(first_row, rows, scratch).data(), first_row);
  const WordPacking& packing = *layout.packing;
  for_each_unit(layout, range.region(), [&](const Unit& unit) {
    uint32_t packed[kMaxUnitWords] = {};
    uint8_t unpacked[kMaxUnitCodes];
    words.for_each_word(unit, [&](int64_t i, const std::byte* word) {
      std::memcpy(packed + i, word, static_cast<size_t>(packing.word_bytes));
    });
    packing.unpack(packed, unpacked);
    for_each_code(unit, packing.codes, range, [&](int64_t place, int64_t i) { codes[place] = unpacked[i]; });
  });
}

void write_codes(const uint8_t* codes, const CodeLayout& layout, MatrixSize size, Outputs outputs,
                 std::span<std::byte> array) {
  const OutputRange range(layout, size, outputs);
  const Words words(layout, size, array.data(), 0);
  const WordPacking& packing = *layout.packing;
  for_each_unit(layout, range.region(), [&](const Unit& unit) {
    uint32_t packed[kMaxUnitWords];
    uint8_t unpacked[kMaxUnitCodes] = {};
    for_each_code(unit, packing.codes, range, [&](int64_t place, int64_t i) { unpacked[i] = codes[place]; });
    packing.pack(unpacked, packed);
    words.for_each_word(unit, [&](int64_t i, std::byte* word) {
      std::memcpy(word, packed + i, static_cast<size_t>(packing.word_bytes));
    });
  });
}

Shape scale_array_shape(ScaleLayout layout, MatrixSize size) {
  if (layout == ScaleLayout::one) return {1};
  return layout == ScaleLayout::by_output ? Shape{size.outputs, size.inputs} : Shape{size.inputs, size.outputs};
}

void read_scales(const model::Tensor& array, ScaleLayout layout, MatrixSize size, Outputs outputs, std::byte* scales) {
  const auto width = static_cast<size_t>(array.storage->block_bytes);
  const auto groups = static_cast<size_t>(size.inputs);
  std::vector<std::byte> scratch;
  if (layout == ScaleLayout::by_output) {
    const auto rows = array.source->rows(outputs.first, outputs.count, scratch);
    std::memcpy(scales, rows.data(), rows.size());
    return;
  }
  const auto rows = array.source->rows(0, array.shape.row_count(), scratch);
  for (int64_t output = outputs.first; output < outputs.first + outputs.count; ++output) {
    for (size_t group = 0; group < groups; ++group, scales += width) {
      const size_t at = group * static_cast<size_t>(size.outputs) + static_cast<size_t>(output);
      std::memcpy(scales, rows.data() + (layout == ScaleLayout::one ? 0 : at * width), width);
    }
  }
}

void write_scales(const std::byte* scales, int64_t scale_bytes, const ScaleArrayForm& form, Outputs outputs,
                  std::span<std::byte> array) {
  const auto width = static_cast<size_t>(scale_bytes);
  const auto& size = form.size;
  for (int64_t output = outputs.first; output < outputs.first + outputs.count; ++output) {
    for (int64_t group = 0; group < size.inputs; ++group, scales += width) {
      const bool by_output = form.layout == ScaleLayout::by_output;
      const int64_t at = by_output ? output * size.inputs + group : group * size.outputs + output;
      std::memcpy(array.data() + static_cast<size_t>(at) * width, scales, width);
    }
  }
}

void require_rank(const model::Tensor& array, size_t rank) {
  if (array.shape.rank() == rank) return;
  fail(ErrorCode::bad_input, "{}: '{}' {} has {} dimensions, not {}", array.source->where(), array.name,
       array.shape.to_string(), array.shape.rank(), rank);
}

void require_shape(const model::Tensor& array, const Shape& wanted, const std::string& why) {
  if (array.shape == wanted) return;
  fail(ErrorCode::bad_input, "{}: '{}' {}: {} would be {}", array.source->where(), array.name, array.shape.to_string(),
       why, wanted.to_string());
}

}  // namespace adze::formats
