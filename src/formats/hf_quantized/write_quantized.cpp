#include "formats/hf_quantized/write_quantized.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "formats/hf/config_json.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/write_hf.h"
#include "formats/hf_quantized/split_matrix.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupLevels;
using codecs::GroupOffset;
using codecs::GroupScale;

constexpr const char* kKey = "quantization_config";

Json original_settings(const model::Model& model, std::string_view method) {
  const auto text = model.side_file("config.json");
  if (text.empty() || model.format != method) return Json();
  const Json config = parse_json(text, "config.json");
  const auto found = config.find(kKey);
  return found == config.end() || !found->is_object() ? Json() : *found;
}

std::vector<StorageType> types_with(std::span<const int> bits, std::span<const GroupScale> scales) {
  std::vector<StorageType> types;
  for (const GroupScale scale : scales) {
    for (const int width : bits) {
      for (const int64_t group : {32, 64, 128}) {
        for (const GroupOffset offset : {GroupOffset::none, GroupOffset::zero_point}) {
          types.push_back(&codecs::group_codec({GroupLevels::integers, offset, scale, width, group}).info);
        }
      }
    }
  }
  std::ranges::stable_sort(types, {}, [](StorageType type) { return type->bits_per_weight(); });
  return types;
}

constexpr std::array kHalf = {GroupScale::float16};
constexpr std::array kHalves = {GroupScale::float16, GroupScale::bfloat16};

}  // namespace

std::span<const StorageType> gptq_packed_types() {
  static const auto types = types_with(std::array{2, 3, 4, 8}, kHalf);
  return types;
}

std::span<const StorageType> awq_packed_types() {
  static const auto types = types_with(std::array{4}, kHalf);
  return types;
}

std::span<const StorageType> compressed_tensors_packed_types() {
  static const auto types = types_with(std::array{4, 8}, kHalves);
  return types;
}

bool is_linear_of_layer(const model::Tensor& tensor) {
  const std::string_view name = tensor.name;
  const size_t part = name.rfind('.', name.size() - std::min<size_t>(name.size(), 8));
  const bool is_weight = name.starts_with("blk.") && name.ends_with(".weight") && tensor.shape.rank() >= 2;
  if (!is_weight || part == name.npos) return false;
  const auto role = name.substr(part + 1);
  const bool is_linear = role.starts_with("attn_") || role.starts_with("ffn_");
  const bool is_router = role.starts_with("ffn_gate_inp");
  const auto dims = tensor.shape.dims();
  return is_linear && !is_router && dims[dims.size() - 1] % 32 == 0 && dims[dims.size() - 2] % 32 == 0;
}

int64_t quantized_kept_bytes(const model::TensorList& tensors) {
  int64_t most = 0;
  for (const auto& tensor : tensors) {
    if (matrix_layout_of(tensor.storage)) most = std::max(most, tensor.byte_size());
  }
  return most;
}

void write_quantized_folder(const NamedQuantWriter& named, const model::Model& model, const std::string& path,
                            const WriteOptions& options) {
  const auto tensors = hugging_face_tensors(model);
  const auto modules = modules_to_write(tensors);
  if (modules.quantized.empty()) {
    fail(ErrorCode::unsupported,
         "{}: no matrix has codes that {} could hold; adze quantize gives it some, floats go into a folder of hf", path,
         named.method);
  }
  HfVariantFolder contents{.tensors = {}, .config = config_json_of(model), .style = {.keeps_order = true}};
  for (const auto& module : modules.quantized) (void)named.writer.form(module.layout);
  const auto quantization = named.writer.settings(modules, original_settings(model, named.method));
  Json config = parse_json(contents.config, "config.json");
  config[kKey] = quantization.settings;
  contents.config = json_text(config);
  for (const auto& tensor : tensors) {
    const auto* layout = matrix_layout_of(tensor.storage);
    if (!layout) {
      contents.tensors.push_back(tensor);  // what is packed otherwise is refused there
      continue;
    }
    for (auto& array : split_matrix(tensor, named.writer.form(*layout), quantization.zero_shift)) {
      contents.tensors.push_back(std::move(array));
    }
  }
  write_hf_variant(model, contents, path, options);
}

}  // namespace adze::formats
