// lint: foreign names: ONNX Runtime
#include "formats/ort_genai/onnx_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/group_planes.h"
#include "formats/kept_rows.h"
#include "formats/numbered_parts.h"
#include "formats/onnx/onnx_numbers.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;

int64_t integer_of(const OnnxNode& node, std::string_view name, int64_t fallback) {
  const auto found = std::ranges::find(node.attributes, name, &OnnxAttribute::name);
  const auto* number = found == node.attributes.end() ? nullptr : std::get_if<int64_t>(&found->value);
  return number ? *number : fallback;
}

/// Without "_Q4", or "_Q4G32" where the group is said too.
std::string without_bits(std::string name) {
  constexpr std::string_view kDigits = "0123456789";
  const size_t before = name.find_last_not_of(kDigits);
  const size_t bits =
      before != std::string::npos && name[before] == 'G' ? name.find_last_not_of(kDigits, before - 1) : before;
  if (bits != std::string::npos && bits > 0 && bits + 1 < name.size() && name.substr(bits - 1, 2) == "_Q") {
    name.resize(bits - 1);
  }
  return name;
}

/// "blk.0.attn_q.weight.codes.rows" -> "blk.0.attn_q.weight", "lm_head.MatMul.weight_Q4" -> "lm_head.MatMul.weight"
std::string weight_name(std::string name) {
  for (const std::string_view ending : {".rows", ".codes"}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  name = without_bits(std::move(name));
  constexpr std::string_view kQuantized = ".qweight";
  if (name.ends_with(kQuantized)) name.replace(name.size() - kQuantized.size(), kQuantized.size(), ".weight");
  return name;
}

class InitializerReader {
 public:
  explicit InitializerReader(const OnnxGraph& graph) : graph_(graph) {
    for (const OnnxTensor& tensor : graph.initializers) initializers_[tensor.name] = &tensor;
    for (const OnnxNode& node : graph.nodes) {
      if (node.op == "Reshape" && !node.inputs.empty() && !node.outputs.empty()) {
        reshaped_[node.outputs[0]] = node.inputs[0];
      }
      if (node.op == "MatMul" && node.inputs.size() > 1) multiplied_.insert(node.inputs[1]);
    }
  }

  std::vector<model::Tensor> read() {
    std::vector<model::Tensor> weights;
    for (const OnnxNode& node : graph_.nodes) {
      const bool looks_up = node.op == "GatherBlockQuantized";
      if (node.domain != "com.microsoft" || (node.op != "MatMulNBits" && !looks_up)) continue;
      with_context(fmt::format("node '{}' ({})", node.name, node.op), [&] {
        if (node.inputs.size() < 3) fail(ErrorCode::bad_input, "it has {} inputs", node.inputs.size());
        const std::string& codes = before_reshaping(node.inputs[looks_up ? 0 : 1]);
        const std::string name = weight_name(codes);
        if (names_.insert(name).second) weights.push_back(joined(node, name, initializer(codes)));
      });
    }
    for (const OnnxTensor& tensor : graph_.initializers) {
      const bool is_named = is_weight_name(tensor.name);
      const bool is_float =
          tensor.type == OnnxType::float32 || tensor.type == OnnxType::float16 || tensor.type == OnnxType::bfloat16;
      if (is_named && is_float && names_.insert(tensor.name).second) {
        auto weight = model_tensor_of(tensor, tensor.name, tensor.name);
        // MatMul wants [in, out].
        const bool is_turned = multiplied_.contains(tensor.name) && weight.shape.rank() == 2;
        weights.push_back(is_turned ? model::transposed(std::move(weight)) : std::move(weight));
      }
    }
    return weights;
  }

 private:
  const std::string& before_reshaping(const std::string& name) const {
    const auto found = reshaped_.find(name);
    return found == reshaped_.end() ? name : found->second;
  }

  const OnnxTensor& initializer(const std::string& name) const {
    const auto found = initializers_.find(name);
    if (found == initializers_.end()) fail(ErrorCode::unsupported, "'{}' is no initializer", name);
    return *found->second;
  }

  /// Bytes of `row` to a row; Error(bad_input) when there are not `rows` of them.
  static model::Tensor rows_of(const OnnxTensor& tensor, int64_t rows, int64_t length, StorageType storage) {
    const auto row = static_cast<size_t>(row_bytes(*storage, length));
    if (tensor.bytes.size() != static_cast<size_t>(rows) * row) {
      fail(ErrorCode::bad_input, "'{}' has {} bytes where {} rows of {} are needed", tensor.name, tensor.bytes.size(),
           rows, row);
    }
    auto source = std::make_shared<KeptRows>(tensor.bytes, tensor.keeps_bytes, row, tensor.name);
    return {tensor.name, {rows, length}, storage, std::move(source)};
  }

  // Scales are the third input of both, zero points the fourth.
  model::Tensor joined(const OnnxNode& node, const std::string& name, const OnnxTensor& codes) const {
    const OnnxTensor& scales = initializer(node.inputs[2]);
    GroupLayout layout;
    layout.bits = static_cast<int>(integer_of(node, "bits", 4));
    layout.group = integer_of(node, "block_size", 32);
    layout.scale = scales.type == OnnxType::float32   ? codecs::GroupScale::float32
                   : scales.type == OnnxType::float16 ? codecs::GroupScale::float16
                                                      : codecs::GroupScale::bfloat16;
    const bool has_zeros = node.inputs.size() > 3 && !node.inputs[3].empty();
    const auto offsets = initializers_.find(name + ".offsets");
    if (offsets != initializers_.end()) {
      layout.offset = GroupOffset::offset;
    } else if (has_zeros) {
      layout.offset = GroupOffset::zero_point;
    }
    if (!codecs::is_group_layout(layout) || codes.type != OnnxType::uint8 || codes.dims.empty()) {
      fail(ErrorCode::unsupported, "codes of {} bits in groups of {} cannot be read", layout.bits, layout.group);
    }
    const int64_t rows = codes.dims[0],
                  row_codes = static_cast<int64_t>(codes.bytes.size()) / std::max<int64_t>(rows, 1);
    const int64_t groups = row_codes / layout.code_bytes();
    GroupPlanes planes{rows_of(codes, rows, row_codes, &codecs::u8.info),
                       rows_of(scales, rows, groups, storage_of_onnx(scales.type)), std::nullopt};
    if (layout.offset == GroupOffset::offset) {
      planes.offsets = rows_of(*offsets->second, rows, groups, storage_of_onnx(offsets->second->type));
    } else if (has_zeros) {
      planes.offsets = zero_points(initializer(node.inputs[3]), rows, groups, layout.bits);
    }
    return joined_planes(name, planes, layout);
  }

  /// Packed as codes are, each row from a byte on -> a byte for each.
  static model::Tensor zero_points(const OnnxTensor& packed, int64_t rows, int64_t groups, int bits) {
    if (packed.type != OnnxType::uint8) fail(ErrorCode::unsupported, "zero points that are no integers");
    const int64_t row = (groups * bits + 7) / 8;
    if (packed.bytes.size() != static_cast<size_t>(rows * row)) {
      fail(ErrorCode::bad_input, "'{}' has {} bytes where {} rows of {} are needed", packed.name, packed.bytes.size(),
           rows, row);
    }
    std::vector<std::byte> zeros(static_cast<size_t>(rows * groups));
    const auto per_byte = static_cast<size_t>(8 / bits);
    for (size_t i = 0; i < zeros.size(); ++i) {
      const size_t at = i % static_cast<size_t>(groups),
                   from = i / static_cast<size_t>(groups) * static_cast<size_t>(row);
      const auto byte = static_cast<unsigned>(packed.bytes[from + at / per_byte]);
      zeros[i] = static_cast<std::byte>(byte >> (at % per_byte * static_cast<size_t>(bits)) & ((1u << bits) - 1));
    }
    return model::owned_tensor(packed.name, {rows, groups}, &codecs::u8.info, std::move(zeros));
  }

  const OnnxGraph& graph_;
  std::map<std::string, const OnnxTensor*, std::less<>> initializers_;
  std::map<std::string, std::string, std::less<>> reshaped_;  // what was given to Reshape, by what it made
  std::set<std::string, std::less<>> multiplied_;             // by MatMul, as its second input
  std::set<std::string> names_;
};

}  // namespace

std::vector<model::Tensor> onnx_weights(const OnnxModel& onnx) {
  return with_parts_stacked(InitializerReader(onnx.graph).read());
}

}  // namespace adze::formats
