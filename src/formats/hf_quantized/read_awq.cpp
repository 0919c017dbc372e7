#include "formats/hf_quantized/read_awq.h"

#include <array>

#include "base/error.h"
#include "formats/hf_quantized/awq_quantization.h"
#include "formats/hf_quantized/matrix_arrays.h"
#include "formats/hf_quantized/matrix_form.h"
#include "formats/hf_quantized/module_arrays.h"

namespace adze::formats {
namespace {

constexpr std::string_view kCodes = ".qweight";
constexpr std::string_view kZeros = ".qzeros";
constexpr std::string_view kScales = ".scales";
constexpr std::array kOthers = {kZeros, kScales};
constexpr std::array kCodeParts = {kCodes};
constexpr ModuleParts kParts{kCodeParts, kOthers};

MatrixArrays arrays_of(const std::string& module, const ModuleArrays& folder, const AwqQuantization& quantization) {
  const auto& codes = folder.at(module, kCodes);
  const auto& scales = folder.at(module, kScales);
  require_rank(codes, 2);
  require_rank(scales, 2);
  const int64_t inputs = codes.shape[0];
  const MatrixForm form = awq_form();
  MatrixArrays arrays{.size = {scales.shape[1], inputs},
                      .group = quantization.group < 0 ? inputs : quantization.group,
                      .codes = {codes, form.codes},
                      .scales = {scales, form.scales}};
  // Without zero points some tools leave them out, and some write the middle.
  if (quantization.has_zeros || folder.find(module, kZeros))
    arrays.zeros = CodeArray{folder.at(module, kZeros), form.zeros};
  check_arrays(arrays);
  return arrays;
}

// AWQ can divide an activation by scales, which no weight takes up.
void check_no_scaled_activations(std::span<const model::Tensor> tensors, const ModuleArrays& folder) {
  for (const auto& tensor : tensors) {
    if (!tensor.name.ends_with(kScales)) continue;
    if (folder.find(tensor.name.substr(0, tensor.name.size() - kScales.size()), kCodes)) continue;
    fail(ErrorCode::unsupported, "{}: '{}' scales an activation, which is not known here", tensor.source->where(),
         tensor.name);
  }
}

}  // namespace

std::vector<model::Tensor> arrange_awq(std::vector<model::Tensor> tensors, const FolderQuantization& folder) {
  const auto quantization = AwqQuantization::read(folder);
  const ModuleArrays arrays(tensors);
  check_no_scaled_activations(tensors, arrays);
  std::map<std::string, MatrixArrays> by_module;
  for (const auto& module : modules_with_codes(tensors, kParts)) {
    by_module.emplace(module, arrays_of(module, arrays, quantization));
  }
  return with_matrices(tensors, kParts, joined_matrices(by_module));
}

}  // namespace adze::formats
