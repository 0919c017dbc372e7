// lint: foreign names: OpenVINO
#include "formats/openvino/ir_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/group_planes.h"
#include "formats/kept_rows.h"
#include "formats/numbered_parts.h"
#include "formats/openvino_ir/ir_numbers.h"

namespace adze::formats {
namespace {

using codecs::GroupLayout;
using codecs::GroupOffset;

std::string_view attribute_of(const IrLayer& layer, std::string_view name) {
  const auto found = layer.attributes.find(name);
  return found == layer.attributes.end() ? std::string_view() : found->second;
}

/// Constants that were made smaller keep their name for what makes floats of them; modules in float16 are traced with
/// other weights in their place.
std::string weight_name_of(const IrLayer& constant) {
  constexpr std::string_view kSmaller = "_compressed", kHalf = "._openvino_orig_weight", kWeight = ".weight";
  std::string name = constant.name;
  if (name.ends_with(kSmaller)) name.resize(name.size() - kSmaller.size());
  if (name.ends_with(kHalf)) name.replace(name.size() - kHalf.size(), kHalf.size(), kWeight);
  return name;
}

/// Types of codes: bits, and what turns the bits of a signed one into the code that counts from the least number.
struct CodeType {
  std::string_view name;
  int bits;
  std::byte flipped;
};
constexpr std::array kCodeTypes = {CodeType{"u4", 4, std::byte{0}}, CodeType{"i4", 4, std::byte{0x88}},
                                   CodeType{"u8", 8, std::byte{0}}, CodeType{"i8", 8, std::byte{0x80}}};

/// Bytes with some of their bits turned over.
class FlippedRows final : public model::TensorSource {
 public:
  FlippedRows(std::shared_ptr<const model::TensorSource> source, std::byte flipped)
      : source_(std::move(source)), flipped_(flipped) {}
  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    std::vector<std::byte> own;
    const auto bytes = source_->rows(first, count, own);
    scratch.assign(bytes.begin(), bytes.end());
    for (std::byte& byte : scratch) byte ^= flipped_;
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { source_->release(first, count); }
  std::string where() const override { return source_->where(); }

 private:
  const std::shared_ptr<const model::TensorSource> source_;
  const std::byte flipped_;
};

/// The layers of a graph, with who takes from whom.
class Connections {
 public:
  explicit Connections(const IrGraph& graph) {
    for (const IrLayer& layer : graph.layers) by_id_[layer.id] = &layer;
    for (const IrEdge& edge : graph.edges) {
      if (!by_id_.contains(edge.from_layer) || !by_id_.contains(edge.to_layer)) continue;
      takers_[edge.from_layer].push_back(by_id_[edge.to_layer]);
      sources_[{edge.to_layer, edge.to_port}] = by_id_[edge.from_layer];
    }
  }

  /// The first layer of that type that takes from this one.
  const IrLayer* next(const IrLayer& layer, std::string_view type) const {
    const auto found = takers_.find(layer.id);
    if (found == takers_.end()) return nullptr;
    for (const IrLayer* taker : found->second) {
      if (taker->type == type) return taker;
    }
    return nullptr;
  }
  /// What stands at the second input of a layer, seen through conversions.
  const IrLayer* second(const IrLayer& layer) const {
    if (layer.inputs.size() < 2) return nullptr;
    const IrLayer* source = source_of(layer, 1);
    // No more steps than there are layers: nobody has looked for cycles yet.
    for (size_t i = 0; i < by_id_.size() && source && source->type == "Convert" && !source->inputs.empty(); ++i) {
      source = source_of(*source, 0);
    }
    return source && is_constant(*source) ? source : nullptr;
  }

 private:
  const IrLayer* source_of(const IrLayer& layer, size_t input) const {
    const auto found = sources_.find({layer.id, layer.inputs[input].id});
    return found == sources_.end() ? nullptr : found->second;
  }

  std::map<int64_t, const IrLayer*> by_id_;
  std::map<int64_t, std::vector<const IrLayer*>> takers_;
  std::map<std::pair<int64_t, int64_t>, const IrLayer*> sources_;
};

class WeightReader {
 public:
  explicit WeightReader(const IrDocument& document) : document_(document), connections_(document.graph) {
    for (const IrLayer& layer : document.graph.layers) {
      if (is_constant(layer)) constants_[layer.name] = &layer;
    }
  }

  std::vector<model::Tensor> read() {
    std::vector<model::Tensor> weights;
    for (const IrLayer& layer : document_.graph.layers) {
      if (!is_constant(layer)) continue;
      with_context(fmt::format("constant '{}'", layer.name), [&] {
        if (auto matrix = packed(layer)) weights.push_back(*std::move(matrix));
      });
    }
    for (const IrLayer& layer : document_.graph.layers) {
      if (is_constant(layer) && !used_.contains(layer.id) && is_float(layer)) {
        weights.push_back(model::renamed(ir_constant(layer, document_), weight_name_of(layer)));
      }
    }
    return weights;
  }

 private:
  static bool is_float(const IrLayer& layer) {
    const auto type = attribute_of(layer, "element_type");
    return is_weight_name(weight_name_of(layer)) && (type == "f32" || type == "f16" || type == "bf16");
  }

  std::optional<model::Tensor> packed(const IrLayer& codes) {
    const auto type = std::ranges::find(kCodeTypes, attribute_of(codes, "element_type"), &CodeType::name);
    const IrLayer* converted = type == kCodeTypes.end() ? nullptr : connections_.next(codes, "Convert");
    if (!converted) return std::nullopt;
    const IrLayer* moved = connections_.next(*converted, "Subtract");
    const IrLayer* scaled = connections_.next(moved ? *moved : *converted, "Multiply");
    if (!scaled || used_.contains(codes.id)) return std::nullopt;
    const IrLayer* scale = connections_.second(*scaled);
    const IrLayer* zero = moved ? connections_.second(*moved) : nullptr;
    if (!scale || (moved && !zero)) return std::nullopt;
    const auto dims = ir_dims(attribute_of(codes, "shape")).value_or(std::vector<int64_t>());
    if (dims.size() < 2 || dims.size() > 3) return std::nullopt;
    used_.insert({codes.id, scale->id});
    if (zero) used_.insert(zero->id);
    return joined(codes, *type, dims, *scale, zero);
  }

  model::Tensor joined(const IrLayer& codes, const CodeType& type, const std::vector<int64_t>& dims,
                       const IrLayer& scale, const IrLayer* zero) {
    GroupLayout layout;
    layout.bits = type.bits;
    layout.group = dims.back();
    const int64_t rows = dims[0], groups = dims.size() == 3 ? dims[1] : 1;
    GroupPlanes planes{code_rows(codes, type, rows), plane_of(scale, rows, groups), std::nullopt};
    layout.scale =
        planes.scales.storage == &codecs::f32.info ? codecs::GroupScale::float32 : codecs::GroupScale::float16;
    set_offsets(codes, type, zero, planes, layout);
    if (!codecs::is_group_layout(layout)) {
      fail(ErrorCode::unsupported, "codes of {} bits in groups of {} cannot be read", layout.bits, layout.group);
    }
    return joined_planes(weight_name_of(codes), planes, layout);
  }

  /// What stands for 0: half of all codes, or a zero point for each group; or there is an offset beside it.
  void set_offsets(const IrLayer& codes, const CodeType& type, const IrLayer* zero, GroupPlanes& planes,
                   GroupLayout& layout) {
    const int64_t rows = planes.scales.shape[0], groups = planes.scales.shape[1];
    const bool has_sign = type.flipped != std::byte{0};
    if (const auto offset = constants_.find(codes.name + "/offset"); offset != constants_.end() && !zero) {
      layout.offset = GroupOffset::offset;
      used_.insert(offset->second->id);
      planes.offsets = plane_of(*offset->second, rows, groups);
      return;
    }
    if (!zero) {
      if (!has_sign) fail(ErrorCode::unsupported, "its codes have no zero point");
      return;
    }
    if (has_sign) fail(ErrorCode::unsupported, "signed codes with zero points");
    const auto numbers = ir_constant(*zero, document_);
    std::vector<std::byte> scratch;
    const auto bytes = numbers.source->rows(0, numbers.shape.row_count(), scratch);
    if (numbers.shape.element_count() == 1) {
      const auto half = static_cast<std::byte>(1 << (type.bits - 1));
      if (numbers.storage->block_bytes == 1 && bytes[0] == half) return;
      fail(ErrorCode::unsupported, "one zero point for all groups that is not half of all codes");
    }
    layout.offset = GroupOffset::zero_point;
    planes.offsets = plane_of(*zero, rows, groups);
  }

  /// The bytes of the codes, a row of the matrix to a row.
  model::Tensor code_rows(const IrLayer& codes, const CodeType& type, int64_t rows) const {
    const auto bytes = ir_constant_bytes(codes, document_);
    const auto count = static_cast<int64_t>(bytes.size());
    if (rows < 1 || count % rows != 0) fail(ErrorCode::unsupported, "rows that do not end with a byte");
    model::Tensor result = bytes_as_rows(codes.name, {rows, count / rows}, &codecs::u8.info, bytes);
    if (type.flipped != std::byte{0}) result.source = std::make_shared<FlippedRows>(result.source, type.flipped);
    return result;
  }

  /// A number for each group: scales, offsets, zero points, the last as bytes.
  model::Tensor plane_of(const IrLayer& layer, int64_t rows, int64_t groups) const {
    const auto numbers = ir_constant(layer, document_);
    if (numbers.shape.element_count() != rows * groups) {
      fail(ErrorCode::bad_input, "'{}' {} does not fit {} groups of {} rows", layer.name, numbers.shape.to_string(),
           groups, rows);
    }
    if (numbers.storage->block_bytes > 1) {
      return bytes_as_rows(layer.name, {rows, groups}, numbers.storage, ir_constant_bytes(layer, document_));
    }
    std::vector<std::byte> scratch;
    const auto bytes = numbers.source->rows(0, numbers.shape.row_count(), scratch);
    return model::owned_tensor(layer.name, {rows, groups}, &codecs::u8.info, {bytes.begin(), bytes.end()});
  }

  model::Tensor bytes_as_rows(const std::string& name, const Shape& shape, StorageType storage,
                              std::span<const std::byte> bytes) const {
    const auto row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
    return {name, shape, storage, std::make_shared<KeptRows>(bytes, document_.keeps_constants, row, name)};
  }

  const IrDocument& document_;
  const Connections connections_;
  std::map<std::string, const IrLayer*, std::less<>> constants_;
  std::set<int64_t> used_;
};

}  // namespace

std::vector<model::Tensor> ir_weights(const IrDocument& document) {
  return with_parts_stacked(WeightReader(document).read());
}

}  // namespace adze::formats
