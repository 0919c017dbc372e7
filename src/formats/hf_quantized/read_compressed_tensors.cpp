#include "formats/hf_quantized/read_compressed_tensors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/hf_quantized/compressed_tensors_quantization.h"
#include "formats/hf_quantized/matrix_arrays.h"
#include "formats/hf_quantized/matrix_form.h"
#include "formats/hf_quantized/module_arrays.h"

namespace adze::formats {
namespace {

constexpr std::string_view kPacked = ".weight_packed";
constexpr std::string_view kBytes = ".weight";
constexpr std::string_view kScale = ".weight_scale";
constexpr std::string_view kZero = ".weight_zero_point";
constexpr std::string_view kShape = ".weight_shape";
constexpr std::string_view kOrder = ".weight_g_idx";
constexpr std::array kCodeParts = {kPacked, kBytes};
constexpr std::array kOthers = {kScale, kZero, kShape, kOrder};
constexpr ModuleParts kParts{kCodeParts, kOthers};

constexpr std::array<std::string_view, 10> kOfActivations = {
    ".input_scale", ".input_zero_point", ".output_scale", ".output_zero_point", ".input_global_scale",
    ".q_scale",     ".k_scale",          ".v_scale",      ".k_zero_point",      ".v_zero_point"};

/// Of packed codes, whose words may have room for more inputs than there are.
MatrixSize stated_size(const model::Tensor& shape, const model::Tensor& codes) {
  require_shape(shape, {2}, "the shape of a matrix");
  if (shape.storage != &codecs::i64.info && shape.storage != &codecs::i32.info) {
    fail(ErrorCode::bad_input, "{}: '{}' is {}; a shape is i64 or i32", shape.source->where(), shape.name,
         shape.storage->name);
  }
  const auto width = static_cast<size_t>(shape.storage->block_bytes);
  std::vector<std::byte> scratch;
  const auto bytes = shape.source->rows(0, 1, scratch);
  int64_t dims[2] = {};  // little-endian
  for (size_t i = 0; i < 2; ++i) std::memcpy(&dims[i], bytes.data() + i * width, width);
  require_rank(codes, 2);
  if (dims[0] != codes.shape[0] || dims[1] < 1 || dims[1] > codes.shape[1] * 16) {
    fail(ErrorCode::bad_input, "{}: '{}' says [{}, {}], which '{}' {} does not hold", shape.source->where(), shape.name,
         dims[0], dims[1], codes.name, codes.shape.to_string());
  }
  return {dims[0], dims[1]};
}

// Versions before 0.12 left bits of a word empty where codes do not divide it.
const WordPacking& packing_of(const model::Tensor& codes, int bits, int64_t inputs) {
  const bool is_stream = stream_packing(bits).words_for(inputs) == codes.shape[1];
  return is_stream ? stream_packing(bits) : padded_packing(bits);
}

ScaleArray scale_array(model::Tensor scale, MatrixSize size) {
  if (scale.shape.element_count() == 1 && size.outputs > 1) return {std::move(scale), ScaleLayout::one};
  if (scale.shape == Shape{size.outputs}) {
    return {model::reshaped(std::move(scale), {1, size.outputs}), ScaleLayout::by_group};
  }
  return {std::move(scale), ScaleLayout::by_output};
}

void add_zeros(const model::Tensor& zeros, CodeLayout layout, MatrixArrays& arrays) {
  arrays.has_one_zero = zeros.shape.element_count() == 1 && arrays.size.outputs > 1;
  arrays.zeros = CodeArray{zeros, layout};
  if (arrays.has_one_zero) arrays.zeros->tensor = model::reshaped(zeros, {1, 1});
}

// All of them are -1 where inputs are in the order of their groups.
const model::Tensor* order_of(const std::string& module, const ModuleArrays& folder) {
  const auto* order = folder.find(module, kOrder);
  if (!order) return nullptr;
  std::vector<std::byte> scratch;
  const auto bytes = order->source->rows(0, order->shape.row_count(), scratch);
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0xFF}; }) ? nullptr : order;
}

MatrixArrays packed_arrays(const std::string& module, const ModuleArrays& folder, const CompressedScheme& scheme) {
  const auto& codes = folder.at(module, kPacked);
  const MatrixSize size = stated_size(folder.at(module, kShape), codes);
  const MatrixForm form = packed_form(packing_of(codes, scheme.bits, size.inputs));
  auto scales = scale_array(folder.at(module, kScale), size);
  MatrixArrays arrays{.size = size,
                      .group = scheme.group < 0 ? size.inputs : scheme.group,
                      .codes = {codes, form.codes},
                      .scales = std::move(scales)};
  if (!scheme.is_symmetric) add_zeros(folder.at(module, kZero), form.zeros, arrays);
  arrays.column_groups = read_column_groups(order_of(module, folder), size.inputs, arrays.group);
  return arrays;
}

std::optional<codecs::GroupLevels> float_levels(StorageType storage) {
  if (storage == &codecs::f8_e4m3.info) return codecs::GroupLevels::e4m3;
  if (storage == &codecs::f8_e5m2.info) return codecs::GroupLevels::e5m2;
  return std::nullopt;
}

MatrixArrays byte_arrays(const std::string& module, const ModuleArrays& folder, const CompressedScheme& scheme) {
  const auto& codes = folder.at(module, kBytes);
  require_rank(codes, 2);
  const auto levels = float_levels(codes.storage);
  if (levels.has_value() != scheme.is_float || (!levels && codes.storage != &codecs::i8.info)) {
    fail(ErrorCode::bad_input, "{}: '{}' is {}, which is no weight of 8-bit {}", codes.source->where(), codes.name,
         codes.storage->name, scheme.is_float ? "floats" : "integers");
  }
  const MatrixSize size{codes.shape[0], codes.shape[1]};
  const MatrixForm form = byte_form(levels ? byte_packing : signed_byte_packing);
  auto scales = scale_array(folder.at(module, kScale), size);
  MatrixArrays arrays{.size = size,
                      .group = scheme.group < 0 ? size.inputs : scheme.group,
                      .levels = levels.value_or(codecs::GroupLevels::integers),
                      .codes = {codes, form.codes},
                      .scales = std::move(scales)};
  if (!scheme.is_symmetric && !levels) add_zeros(folder.at(module, kZero), form.zeros, arrays);
  return arrays;
}

MatrixArrays arrays_of(const std::string& module, const ModuleArrays& folder,
                       const CompressedTensorsQuantization& quantization) {
  const auto* scheme = quantization.find(module);
  if (!scheme) {
    fail(ErrorCode::bad_input, "{}: '{}' has quantized weights, but no group of \"config_groups\" is for it",
         quantization.where(), module);
  }
  auto arrays = scheme->form == CompressedForm::packed ? packed_arrays(module, folder, *scheme)
                                                       : byte_arrays(module, folder, *scheme);
  check_arrays(arrays);
  return arrays;
}

bool is_of_activations(const model::Tensor& tensor) {
  return std::ranges::any_of(kOfActivations, [&](std::string_view part) { return tensor.name.ends_with(part); });
}

}  // namespace

std::vector<model::Tensor> arrange_compressed_tensors(std::vector<model::Tensor> tensors,
                                                      const FolderQuantization& folder) {
  const auto quantization = CompressedTensorsQuantization::read(folder);
  const ModuleArrays arrays(tensors);
  std::map<std::string, MatrixArrays> by_module;
  for (const auto& module : modules_with_codes(tensors, kParts)) {
    if (!arrays.find(module, kPacked) && !arrays.find(module, kScale)) continue;
    by_module.emplace(module, arrays_of(module, arrays, quantization));
  }
  auto arranged = with_matrices(tensors, kParts, joined_matrices(by_module));
  std::erase_if(arranged, is_of_activations);
  return arranged;
}

}  // namespace adze::formats
