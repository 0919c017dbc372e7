#include "formats/hf_quantized/read_gptq.h"

#include <array>

#include "base/error.h"
#include "formats/hf_quantized/gptq_quantization.h"
#include "formats/hf_quantized/matrix_arrays.h"
#include "formats/hf_quantized/matrix_form.h"
#include "formats/hf_quantized/module_arrays.h"

namespace adze::formats {
namespace {

constexpr std::string_view kCodes = ".qweight";
constexpr std::string_view kZeros = ".qzeros";
constexpr std::string_view kScales = ".scales";
constexpr std::string_view kOrder = ".g_idx";
constexpr std::array kOthers = {kZeros, kScales, kOrder};
constexpr std::array kCodeParts = {kCodes};
constexpr ModuleParts kParts{kCodeParts, kOthers};

int64_t dim(const model::Tensor& array, size_t axis, size_t rank) {
  require_rank(array, rank);
  return array.shape[axis];
}

/// The bits and groups of one module.
struct ModuleFacts {
  int bits;
  int64_t inputs;
  int64_t group;
};

int bits_of_words(int64_t words, int64_t inputs, int fallback) {
  for (const int bits : {2, 3, 4, 8}) {
    if (stream_packing(bits).words_for(inputs) == words) return bits;
  }
  return fallback;
}

// Without an order of inputs, which is as long as a row, the config has the last word.
ModuleFacts facts_of(const model::Tensor& codes, const model::Tensor& scales, const model::Tensor* order,
                     const GptqQuantization& quantization) {
  constexpr int64_t kMostWords = 1 << 24;  // of a column
  const int64_t words = dim(codes, 0, 2);
  const int64_t groups = dim(scales, 0, 2);
  const int64_t inputs = order ? dim(*order, 0, 1) : words * 32 / quantization.bits;
  if (words < 1 || words > kMostWords || inputs < 1 || inputs > 16 * words || groups < 1) {
    fail(ErrorCode::bad_input, "{}: '{}' {} with {} groups of {} inputs holds no matrix", codes.source->where(),
         codes.name, codes.shape.to_string(), groups, inputs);
  }
  ModuleFacts facts{quantization.bits, inputs, quantization.group};
  if (quantization.may_differ && order) {
    facts.bits = bits_of_words(words, inputs, quantization.bits);
    facts.group = (inputs + groups - 1) / groups;
  }
  if (facts.group < 0 || facts.group > inputs) facts.group = inputs;
  return facts;
}

MatrixArrays arrays_of(const std::string& module, const ModuleArrays& folder, const GptqQuantization& quantization) {
  const auto& codes = folder.at(module, kCodes);
  const auto& scales = folder.at(module, kScales);
  const auto& zeros = folder.at(module, kZeros);
  const auto* order = folder.find(module, kOrder);
  const ModuleFacts facts = facts_of(codes, scales, order, quantization);
  const MatrixForm form = gptq_form(facts.bits);
  const MatrixSize size{dim(codes, 1, 2), facts.inputs};
  MatrixArrays arrays{.size = size,
                      .group = facts.group,
                      .codes = {codes, form.codes},
                      .scales = {scales, form.scales},
                      .zeros = CodeArray{zeros, form.zeros},
                      .zero_shift = quantization.zero_shift};
  arrays.column_groups = read_column_groups(order, facts.inputs, facts.group);
  check_arrays(arrays);
  return arrays;
}

}  // namespace

std::vector<model::Tensor> arrange_gptq(std::vector<model::Tensor> tensors, const FolderQuantization& folder) {
  const auto quantization = GptqQuantization::read(folder);
  const ModuleArrays arrays(tensors);
  std::map<std::string, MatrixArrays> by_module;
  for (const auto& module : modules_with_codes(tensors, kParts)) {
    by_module.emplace(module, arrays_of(module, arrays, quantization));
  }
  return with_matrices(tensors, kParts, joined_matrices(by_module));
}

}  // namespace adze::formats
