// lint: foreign names: OpenVINO, PyTorch
#include "formats/openvino/module_weights.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "formats/openvino_ir/ir_numbers.h"

namespace adze::formats {
namespace {

constexpr std::string_view kModule = "__module.";

/// "__module.model.norm/aten::mul/Multiply_1" of type Multiply -> "model.norm.weight"
std::optional<std::string> weight_of(const IrLayer& layer) {
  const std::string_view name = layer.name;
  if (!name.starts_with(kModule)) return std::nullopt;
  const bool multiplies = layer.type == "Multiply", adds = layer.type == "Add";
  if (!multiplies && !adds) return std::nullopt;
  const auto path = name.substr(kModule.size(), name.find('/') - kModule.size());
  return std::string(path) + (multiplies ? ".weight" : ".bias");
}

/// The length of a constant of one row; 0 for others.
int64_t row_of(const IrLayer& constant) {
  const auto type = constant.attributes.find("element_type"), shape = constant.attributes.find("shape");
  if (type == constant.attributes.end() || shape == constant.attributes.end()) return 0;
  if (type->second != "f32" && type->second != "f16" && type->second != "bf16") return 0;
  const auto dims = ir_dims(shape->second);
  if (!dims || dims->empty()) return 0;
  const bool is_row = std::all_of(dims->begin(), dims->end() - 1, [](int64_t dim) { return dim == 1; });
  return is_row && dims->back() > 0 ? dims->back() : 0;
}

class ModuleWeights {
 public:
  ModuleWeights(const IrDocument& document, const WeightNames& known) : document_(document), known_(known) {
    for (const IrLayer& layer : document.graph.layers) layers_[layer.id] = &layer;
    for (const IrEdge& edge : document.graph.edges) sources_[{edge.to_layer, edge.to_port}] = edge.from_layer;
  }

  std::vector<model::Tensor> read(std::set<std::string> names) {
    std::vector<model::Tensor> weights;
    for (const IrLayer& layer : document_.graph.layers) {
      const auto name = weight_of(layer);
      if (!name || names.contains(*name) || !known_.find(*name)) continue;
      for (const IrPort& port : layer.inputs) {
        const IrLayer* constant = constant_at(layer, port);
        const int64_t length = constant ? row_of(*constant) : 0;
        if (length == 0) continue;
        auto row = model::reshaped(ir_constant(*constant, document_), {length});
        weights.push_back(model::renamed(std::move(row), *name));
        names.insert(*name);
        break;
      }
    }
    return weights;
  }

 private:
  /// What leads to a port, seen through conversions.
  const IrLayer* constant_at(const IrLayer& layer, const IrPort& port) const {
    const IrLayer* source = source_of(layer.id, port.id);
    if (source && source->type == "Convert" && !source->inputs.empty()) {
      source = source_of(source->id, source->inputs[0].id);
    }
    return source && is_constant(*source) ? source : nullptr;
  }

  const IrLayer* source_of(int64_t layer, int64_t port) const {
    const auto edge = sources_.find({layer, port});
    const auto found = edge == sources_.end() ? layers_.end() : layers_.find(edge->second);
    return found == layers_.end() ? nullptr : found->second;
  }

  const IrDocument& document_;
  const WeightNames& known_;
  std::map<int64_t, const IrLayer*> layers_;
  std::map<std::pair<int64_t, int64_t>, int64_t> sources_;
};

}  // namespace

std::vector<model::Tensor> ir_module_weights(const IrDocument& document, const WeightNames& known,
                                             const std::vector<model::Tensor>& stored) {
  std::set<std::string> names;
  for (const model::Tensor& tensor : stored) names.insert(tensor.name);
  return ModuleWeights(document, known).read(std::move(names));
}

}  // namespace adze::formats
