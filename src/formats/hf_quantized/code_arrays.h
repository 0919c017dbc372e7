// Arrays that hold something for every output and input of a matrix [outputs, inputs] (or for every output and group of
// inputs): codes in words, and scales. Arrays may be transposed, and the words of a unit may go along either axis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "formats/hf_quantized/word_packing.h"
#include "model/tensor.h"

namespace adze::formats {

struct CodeLayout {
  const WordPacking* packing;
  bool is_transposed;      // rows of the array are inputs
  bool words_follow_rows;  // the words of a unit follow each other in a row of the array; else in a column
};

struct MatrixSize {
  int64_t outputs;
  int64_t inputs;  // or groups of them
};

/// Consecutive ones.
struct Outputs {
  int64_t first;
  int64_t count;
};

/// Of an array of words.
Shape code_array_shape(const CodeLayout& layout, MatrixSize size);

/// The codes of some outputs, each with all of its inputs. REQUIRES: `array` has that shape.
void read_codes(const model::Tensor& array, const CodeLayout& layout, MatrixSize size, Outputs outputs, uint8_t* codes);

/// The way back, into the bytes of a whole array that was zero there. REQUIRES: `outputs.first` is a multiple of the
/// codes of a unit, and so is `outputs.count` unless these are the last outputs.
void write_codes(const uint8_t* codes, const CodeLayout& layout, MatrixSize size, Outputs outputs,
                 std::span<std::byte> array);

enum class ScaleLayout {
  by_output,  // [outputs, groups]
  by_group,   // [groups, outputs]
  one,        // for the whole matrix: [1] or []
};

Shape scale_array_shape(ScaleLayout layout, MatrixSize size);

/// The scales of some outputs, each with all of its groups, as the array holds them.
void read_scales(const model::Tensor& array, ScaleLayout layout, MatrixSize size, Outputs outputs, std::byte* scales);
/// The way back, into the bytes of a whole array; scales of `scale_bytes` each.
struct ScaleArrayForm {
  ScaleLayout layout;
  MatrixSize size;
};
void write_scales(const std::byte* scales, int64_t scale_bytes, const ScaleArrayForm& form, Outputs outputs,
                  std::span<std::byte> array);

/// Error(bad_input) naming the array, its shape and what was expected.
void require_rank(const model::Tensor& array, size_t rank);
void require_shape(const model::Tensor& array, const Shape& wanted, const std::string& why);

}  // namespace adze::formats
