#include "formats/hf_quantized/read_fp8.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/hf_quantized/grouped_matrix.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupLevels;
using codecs::GroupScale;

constexpr std::string_view kWeight = ".weight";
// Of these names both are factors: what "inverse" means is the way that the quantizer went.
constexpr std::array<std::string_view, 2> kScales = {".weight_scale_inv", ".weight_scale"};
// Of activations, which are not quantized here.
constexpr std::array<std::string_view, 2> kInputScales = {".input_scale", ".activation_scale"};

struct Block {
  int64_t rows;
  int64_t columns;
};

std::optional<GroupLevels> levels_of(StorageType storage) {
  if (storage == &codecs::f8_e4m3.info) return GroupLevels::e4m3;
  if (storage == &codecs::f8_e5m2.info) return GroupLevels::e5m2;
  return std::nullopt;
}

std::optional<GroupScale> scale_type_of(StorageType storage) {
  if (storage == &codecs::f32.info) return GroupScale::float32;
  if (storage == &codecs::bf16.info) return GroupScale::bfloat16;
  if (storage == &codecs::f16.info) return GroupScale::float16;
  if (storage->name == "f8_e8m0") return GroupScale::e8m0;
  return std::nullopt;
}

// Empty where config.json does not say.
std::optional<Block> stated_block(const FolderQuantization& quantization) {
  const auto found = quantization.settings.find("weight_block_size");
  if (found == quantization.settings.end() || found->is_null()) return std::nullopt;
  const auto is_size = [](const Json& size) { return size.is_number_integer() && size > 0 && size <= (1 << 20); };
  if (!found->is_array() || found->size() != 2 || !std::ranges::all_of(*found, is_size)) {
    fail(ErrorCode::bad_input, "{}: \"weight_block_size\" must be two numbers from 1 to 2^20, but is {}",
         quantization.where, found->dump());
  }
  return Block{(*found)[0].get<int64_t>(), (*found)[1].get<int64_t>()};
}

std::string place_of(const model::Tensor& tensor) {
  return fmt::format("{}: '{}' {}", tensor.source->where(), tensor.name, tensor.shape.to_string());
}

int64_t blocks_in(int64_t length, int64_t block) { return (length + block - 1) / block; }

// Scales for blocks of the stated size, for each row, or one for all.
Block block_of(const model::Tensor& weight, const model::Tensor& scales, const std::optional<Block>& stated) {
  const int64_t rows = weight.shape[0];
  const int64_t columns = weight.shape[1];
  if (stated && scales.shape == Shape{blocks_in(rows, stated->rows), blocks_in(columns, stated->columns)}) {
    return *stated;
  }
  if (scales.shape.element_count() == 1) return {rows, columns};
  if (scales.shape == Shape{rows, 1} || scales.shape == Shape{rows}) return {1, columns};
  fail(ErrorCode::bad_input, "{} has scales {}, which is neither one, nor one for each row{}", place_of(weight),
       scales.shape.to_string(),
       stated ? fmt::format(", nor one for each block of {} x {}", stated->rows, stated->columns) : "");
}

MatrixReader reader_of(const model::Tensor& weight, const model::Tensor& scales, const Block& block, int64_t group) {
  const auto read_codes = [source = weight.source](int64_t row, std::span<uint8_t> codes) {
    std::vector<std::byte> scratch;
    std::memcpy(codes.data(), source->rows(row, 1, scratch).data(), codes.size());
  };
  const auto width = static_cast<int64_t>(scales.storage->block_bytes);
  const int64_t per_row = blocks_in(weight.shape[1], block.columns);
  const auto read_scale = [=](int64_t row, int64_t of_row, std::byte* scale) {
    std::vector<std::byte> scratch;
    const int64_t index = row / block.rows * per_row + of_row * group / block.columns;
    std::memcpy(scale, bytes_of(scales, scratch).data() + index * width, static_cast<size_t>(width));
  };
  const auto release = [source = weight.source](int64_t first, int64_t count) { source->release(first, count); };
  return {read_codes, read_scale, release, weight.source->where()};
}

model::Tensor scaled(const model::Tensor& weight, const model::Tensor& scales, const std::optional<Block>& stated) {
  const auto scale_type = scale_type_of(scales.storage);
  if (weight.shape.rank() != 2 || !scale_type) {
    fail(ErrorCode::unsupported, "{} with scales {} of {}: only matrices with scales of floats can be read",
         place_of(weight), scales.shape.to_string(), scales.storage->name);
  }
  const Block block = block_of(weight, scales, stated);
  const int64_t group = group_within(block.columns, weight.shape[1], place_of(weight));
  const GroupLayout layout{.levels = *levels_of(weight.storage), .scale = *scale_type, .bits = 8, .group = group};
  if (!codecs::is_group_layout(layout)) {
    fail(ErrorCode::unsupported, "{}: groups of {} with scales of {} have no codec", place_of(weight), group,
         scales.storage->name);
  }
  return grouped_matrix(weight.name, weight.shape, layout, reader_of(weight, scales, block, group));
}

/// The tensors of a folder by name.
class NamedTensors {
 public:
  explicit NamedTensors(const std::vector<model::Tensor>& tensors) {
    for (const auto& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
  }
  const model::Tensor* find(const std::string& module, std::string_view part) const {
    const auto found = by_name_.find(module + std::string(part));
    return found == by_name_.end() ? nullptr : found->second;
  }
  const model::Tensor* scales_of(const std::string& module) const {
    for (const auto part : kScales) {
      if (const auto* found = find(module, part)) return found;
    }
    return nullptr;
  }
  bool is_scaled(const std::string& module) const {
    const auto* weight = find(module, kWeight);
    return weight && levels_of(weight->storage) && scales_of(module);
  }

 private:
  std::map<std::string, const model::Tensor*, std::less<>> by_name_;
};

// The scales of a weight, or of what goes into its product.
bool is_used_up(const std::string& name, const NamedTensors& tensors) {
  const auto belongs = [&](std::string_view part) {
    return name.ends_with(part) && tensors.is_scaled(name.substr(0, name.size() - part.size()));
  };
  return std::ranges::any_of(kScales, belongs) || std::ranges::any_of(kInputScales, belongs);
}

}  // namespace

std::vector<model::Tensor> arrange_fp8(std::vector<model::Tensor> tensors, const FolderQuantization& quantization) {
  const auto stated = stated_block(quantization);
  const NamedTensors named(tensors);
  std::vector<model::Tensor> arranged;
  for (const auto& tensor : tensors) {
    if (is_used_up(tensor.name, named)) continue;
    if (!levels_of(tensor.storage)) {
      arranged.push_back(tensor);
      continue;
    }
    const bool is_weight = tensor.name.ends_with(kWeight);
    const auto module = is_weight ? tensor.name.substr(0, tensor.name.size() - kWeight.size()) : tensor.name;
    const auto* scales = named.scales_of(module);
    if (!scales) {
      fail(ErrorCode::bad_input, "{} is {}, but '{}{}' is missing", place_of(tensor), tensor.storage->name, module,
           kScales[0]);
    }
    arranged.push_back(scaled(tensor, *scales, stated));
  }
  return arranged;
}

}  // namespace adze::formats
