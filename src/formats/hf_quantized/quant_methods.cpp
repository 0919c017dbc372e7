// lint: foreign names: transformers' quantization methods
// The table of readers. To add one: its file, a line here, and one in all_formats.cpp:
//
//   Format{.name = "gptq", .recognizes = is_quantized_by<"gptq">, .read = read_quantized_by<"gptq">, …}
#include "formats/hf_quantized/quant_methods.h"

#include <array>

#include "base/error.h"
#include "formats/hf/read_hf.h"
#include "formats/hf_quantized/mxfp4.h"
#include "formats/hf_quantized/read_awq.h"
#include "formats/hf_quantized/read_bitsandbytes.h"
#include "formats/hf_quantized/read_compressed_tensors.h"
#include "formats/hf_quantized/read_fp8.h"
#include "formats/hf_quantized/read_gptq.h"

namespace adze::formats {
namespace {

constexpr std::array kMethods = {
    QuantMethod{"gptq", arrange_gptq, &gptq_writer},
    QuantMethod{"awq", arrange_awq, &awq_writer},
    QuantMethod{"compressed-tensors", arrange_compressed_tensors, &compressed_tensors_writer},
    QuantMethod{"bitsandbytes", arrange_bitsandbytes},
    QuantMethod{"fp8", arrange_fp8},
    QuantMethod{"mxfp4", arrange_mxfp4},
};

const QuantMethod& method_named(std::string_view name) {
  const auto methods = all_quant_methods();
  const auto found = std::ranges::find(methods, name, &QuantMethod::name);
  if (found == methods.end()) fail(ErrorCode::internal, "no reader for weights quantized by \"{}\"", name);
  return *found;
}

}  // namespace

std::span<const QuantMethod> all_quant_methods() { return kMethods; }

bool is_folder_quantized_by(std::string_view method, const std::string& path) {
  if (!is_hf_folder(path)) return false;
  try {
    const auto quantization = folder_quantization(path);
    return quantization && quantization->method == method;
  } catch (const Error&) {
    return false;  // the next format in the table says what is wrong
  }
}

void write_folder_quantized_by(std::string_view method, const model::Model& model, const std::string& path,
                               const WriteOptions& options) {
  write_quantized_folder({method, *method_named(method).writer}, model, path, options);
}

model::Model read_folder_quantized_by(std::string_view method, const std::string& path, const ReadOptions& options) {
  const auto& reader = method_named(method);
  const auto quantization = folder_quantization(path);
  if (!quantization) fail(ErrorCode::bad_input, "{}: config.json does not say how weights are quantized", path);
  const auto arrange = [&](std::vector<model::Tensor> tensors, const Json&) {
    return reader.arrange(std::move(tensors), *quantization);
  };
  auto model = read_hf_variant(path, options, {arrange, hugging_face_names});
  model.format = method;
  return model;
}

}  // namespace adze::formats
