#include "formats/hf_quantized/mxfp4.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "architectures/architecture.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/hf/config_json.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/stacked_experts.h"
#include "formats/hf/write_hf.h"

namespace adze::formats {
namespace {

constexpr std::string_view kBlocks = "_blocks";
constexpr std::string_view kScales = "_scales";
constexpr int64_t kGroup = 32, kCodeBytes = 16, kBlockBytes = 17;  // the scale first

StorageType storage() {
  static const StorageType type =
      &codecs::group_codec(
           {.levels = codecs::GroupLevels::e2m1, .scale = codecs::GroupScale::e8m0, .bits = 4, .group = kGroup})
           .info;
  return type;
}

/// Rows of X from those of its two arrays.
class JoinedRows final : public model::TensorSource {
 public:
  JoinedRows(const model::Tensor& blocks, const model::Tensor& scales)
      : blocks_(blocks.source), scales_(scales.source), groups_(scales.shape.row_length()) {}

  // A row of X_blocks is one group.
  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto groups = static_cast<size_t>(count * groups_);
    scratch.resize(groups * kBlockBytes);
    std::vector<std::byte> own_codes, own_scales;
    const auto codes = blocks_->rows(first * groups_, count * groups_, own_codes);
    const auto scales = scales_->rows(first, count, own_scales);
    for (size_t group = 0; group < groups; ++group) {
      std::byte* to = scratch.data() + group * kBlockBytes;
      to[0] = scales[group];
      std::memcpy(to + 1, codes.data() + group * kCodeBytes, kCodeBytes);
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override {
    blocks_->release(first * groups_, count * groups_);
    scales_->release(first, count);
  }
  std::string where() const override { return blocks_->where(); }

 private:
  const std::shared_ptr<const model::TensorSource> blocks_, scales_;
  const int64_t groups_;
};

/// One of the arrays from rows of X. Several threads read different rows.
class PartOfRows final : public model::TensorSource {
 public:
  PartOfRows(const model::Tensor& tensor, bool codes)
      : source_(tensor.source), groups_(tensor.shape.row_length() / kGroup), codes_(codes) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t groups = codes_ ? count : count * groups_;  // a row of codes is one group
    const int64_t first_group = codes_ ? first : first * groups_;
    const size_t width = codes_ ? kCodeBytes : 1;
    scratch.resize(static_cast<size_t>(groups) * width);
    const int64_t first_row = first_group / groups_;
    const int64_t behind = (first_group + groups + groups_ - 1) / groups_;
    std::vector<std::byte> own;
    const auto blocks = source_->rows(first_row, behind - first_row, own);
    const std::byte* from = blocks.data() + (first_group - first_row * groups_) * kBlockBytes + (codes_ ? 1 : 0);
    for (int64_t group = 0; group < groups; ++group) {
      std::memcpy(scratch.data() + static_cast<size_t>(group) * width, from + group * kBlockBytes, width);
    }
    return scratch;
  }
  std::string where() const override { return source_->where(); }

 private:
  const std::shared_ptr<const model::TensorSource> source_;
  const int64_t groups_;
  const bool codes_;
};

bool is_pair(const model::Tensor& blocks, const model::Tensor& scales) {
  const auto& a = blocks.shape;
  const auto& b = scales.shape;
  return blocks.storage == &codecs::u8.info && scales.storage == &codecs::u8.info && a.rank() == 4 && b.rank() == 3 &&
         a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == kCodeBytes && b[2] > 0;
}

model::Tensor joined_pair(std::string name, const model::Tensor& blocks, const model::Tensor& scales) {
  if (!is_pair(blocks, scales)) {
    fail(ErrorCode::bad_input, "{}: '{}' {} {} does not fit '{}' {} {}", blocks.source->where(), blocks.name,
         blocks.storage->name, blocks.shape.to_string(), scales.name, scales.storage->name, scales.shape.to_string());
  }
  Shape shape{blocks.shape[0], blocks.shape[1], blocks.shape[2] * kGroup};
  checked_tensor_bytes(*storage(), shape, name);
  return {std::move(name), std::move(shape), storage(), std::make_shared<JoinedRows>(blocks, scales)};
}

std::string without_ending(const std::string& name, std::string_view ending) {
  return name.substr(0, name.size() - ending.size());
}

void append_arrays(const model::Tensor& tensor, std::vector<model::Tensor>& arrays) {
  if (tensor.storage != storage() || tensor.shape.rank() != 3 || tensor.name.ends_with(".weight")) {
    fail(ErrorCode::unsupported,
         "tensor '{}' {} {}: this layout has packed weights for experts kept as one tensor alone, in {}", tensor.name,
         tensor.storage->name, tensor.shape.to_string(), storage()->name);
  }
  const int64_t groups = tensor.shape[2] / kGroup;
  arrays.push_back({tensor.name + std::string(kBlocks), Shape{tensor.shape[0], tensor.shape[1], groups, kCodeBytes},
                    &codecs::u8.info, std::make_shared<PartOfRows>(tensor, true)});
  arrays.push_back({tensor.name + std::string(kScales), Shape{tensor.shape[0], tensor.shape[1], groups},
                    &codecs::u8.info, std::make_shared<PartOfRows>(tensor, false)});
}

// What the original said, else what readers of such folders need.
Json quantization_of(const model::Model& model) {
  constexpr const char* kKey = "quantization_config";
  const auto original = model.side_file("config.json");
  if (!original.empty()) {
    const Json config = parse_json(original, "config.json");
    const auto found = config.find(kKey);
    if (found != config.end() && found->is_object() && found->value("quant_method", "") == "mxfp4") return *found;
  }
  Json quantization;
  quantization["modules_to_not_convert"] =
      Json::array({"model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"});
  quantization["quant_method"] = "mxfp4";
  return quantization;
}

}  // namespace

std::vector<model::Tensor> arrange_mxfp4(std::vector<model::Tensor> tensors, const FolderQuantization&) {
  std::map<std::string, const model::Tensor*, std::less<>> scales;
  for (const auto& tensor : tensors) {
    if (tensor.name.ends_with(kScales)) scales.emplace(without_ending(tensor.name, kScales), &tensor);
  }
  std::vector<model::Tensor> arranged;
  for (const auto& tensor : tensors) {
    if (tensor.name.ends_with(kScales)) continue;
    if (!tensor.name.ends_with(kBlocks)) {
      arranged.push_back(tensor);
      continue;
    }
    const auto found = scales.find(without_ending(tensor.name, kBlocks));
    if (found == scales.end()) {
      fail(ErrorCode::bad_input, "{}: '{}' has no scales", tensor.source->where(), tensor.name);
    }
    arranged.push_back(joined_pair(found->first, tensor, *found->second));
    scales.erase(found);
  }
  if (!scales.empty()) {
    const auto& lone = *scales.begin()->second;
    fail(ErrorCode::bad_input, "{}: '{}' has no blocks", lone.source->where(), lone.name);
  }
  return arranged;
}

void write_mxfp4(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto& architecture = architectures::architecture_named(model.architecture);
  HfVariantFolder contents{.tensors = {}, .config = {}, .style = {}};
  for (const auto& tensor : with_experts_together(hugging_face_tensors(model), architecture)) {
    if (tensor.storage->is_plain()) {
      contents.tensors.push_back(tensor);
    } else {
      append_arrays(tensor, contents.tensors);
    }
  }
  Json config = parse_json(config_json_of(model), "config.json");
  config["quantization_config"] = quantization_of(model);
  contents.config = json_text(config);
  write_hf_variant(model, contents, path, options);
}

std::span<const StorageType> mxfp4_packed_types() {
  static const std::array types{storage()};
  return types;
}

}  // namespace adze::formats
