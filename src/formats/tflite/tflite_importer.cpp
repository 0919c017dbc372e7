#include "formats/tflite/tflite_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/kept_rows.h"
#include "formats/tflite/tflite_meanings.h"
#include "tensor/packed_bits.h"

namespace adze::formats {
namespace {

using graph::Dim;
using graph::ValueKind;
using graph::ValueType;

constexpr size_t kMaxImportedParts = size_t{1} << 22;

}  // namespace

TfliteImporter::TfliteImporter(TfliteImporter& host, size_t subgraph)
    : model_(host.model_),
      source_(host.model_.subgraphs[subgraph]),
      outer_(host.outer_),
      depth_(host.depth_ + 1),
      parts_(host.parts_),
      graph_(host.graph_),
      nodes_(host.nodes_) {
  count_parts();
  values_.resize(source_.tensors.size());
}

TfliteImporter::TfliteImporter(const TfliteModel& model, size_t subgraph, model::TensorList& weights,
                               TfliteImporter* outer)
    : model_(model),
      source_(model.subgraphs[subgraph]),
      outer_(outer),
      depth_(outer ? outer->depth_ + 1 : 0),
      parts_(outer ? outer->parts_ : std::make_shared<size_t>(0)),
      nodes_(std::make_shared<StandardNodes>(*graph_, weights)) {
  count_parts();
  values_.resize(source_.tensors.size());
}

/// A graph is made again wherever another names it: a few that name each other would make more than fits.
void TfliteImporter::count_parts() {
  if (depth_ > graph::kMaxSubgraphDepth) fail(ErrorCode::bad_input, "graphs are nested too deep, or name themselves");
  *parts_ += 1 + source_.tensors.size() + source_.operators.size();
  if (*parts_ > kMaxImportedParts) fail(ErrorCode::bad_input, "its graphs name each other too often");
}

ValueType TfliteImporter::type_of(const TfliteTensor& tensor) const {
  const StorageType storage = storage_of_tflite(tensor.type);
  ValueType type{storage ? ValueKind::tensor : ValueKind::string, storage, {}, true, nullptr};
  for (const int64_t dim : tensor.dims) type.dims.push_back(dim < 0 ? Dim::unknown() : Dim(dim));
  return type;
}

model::Tensor tflite_constant(const TfliteTensor& tensor, const std::shared_ptr<const void>& owner) {
  const StorageType storage = storage_of_tflite(tensor.type);
  if (!storage) fail(ErrorCode::unsupported, "constant '{}' holds texts", tensor.name);
  auto shape = checked_shape(tensor.dims, tensor.name);
  const auto count = static_cast<size_t>(checked_element_count(tensor.dims));
  const size_t bits = packed_bits(storage);
  const size_t bytes = bits == 8 ? count * storage->block_bytes : (count * bits + 7) / 8;
  if (tensor.bytes.size() < bytes) {
    fail(ErrorCode::bad_input, "constant '{}' {} of {} needs {} bytes, its buffer has {}", tensor.name,
         shape.to_string(), storage->name, bytes, tensor.bytes.size());
  }
  if (bits < 8) {
    std::vector<std::byte> numbers(count);
    unpack_bits(tensor.bytes, storage, numbers);
    return model::owned_tensor(tensor.name, std::move(shape), storage, std::move(numbers));
  }
  const auto row = static_cast<size_t>(row_bytes(*storage, shape.row_length()));
  auto source = std::make_shared<KeptRows>(tensor.bytes.first(bytes), owner, row, tensor.name);
  return {tensor.name, std::move(shape), storage, std::move(source)};
}

graph::ValueId TfliteImporter::value(int32_t place) {
  auto& known = values_[static_cast<size_t>(place)];
  if (known) return *known;
  const TfliteTensor& tensor = source_.tensors[static_cast<size_t>(place)];
  if (!tensor.is_constant) {
    fail(ErrorCode::bad_input,
         "tensor '{}' is neither an input nor a constant nor computed before it is used (operators must stand in an "
         "order of execution, without cycles)",
         tensor.name);
  }
  known = nodes_->stored(tflite_constant(tensor, model_.keeps_bytes));
  return *known;
}

void TfliteImporter::set_value(int32_t place, ValueId value) {
  auto& known = values_[static_cast<size_t>(place)];
  const TfliteTensor& tensor = source_.tensors[static_cast<size_t>(place)];
  if (known) fail(ErrorCode::bad_input, "tensor '{}' is computed twice", tensor.name);
  if (tensor.has_shape) nodes_->refine(value, type_of(tensor));
  known = value;
}

std::optional<graph::ValueId> TfliteImporter::known_real(ValueId value) const {
  const auto found = reals_.find(value);
  return found == reals_.end() ? std::nullopt : std::optional(found->second);
}

void TfliteImporter::import(const std::vector<ValueId>& bound) {
  graph_->name = source_.name;
  if (outer_) {
    bind(bound);
  } else {
    add_inputs();
  }
  add_operators();
  add_outputs();
}

std::vector<graph::ValueId> TfliteImporter::import_nodes(const std::vector<ValueId>& bound) {
  bind(bound);
  add_operators();
  std::vector<ValueId> outputs;
  for (const int32_t place : source_.outputs) outputs.push_back(value(place));
  return outputs;
}

void TfliteImporter::add_operators() {
  for (size_t i = 0; i < source_.operators.size(); ++i) add_operator(source_.operators[i], i);
}

void TfliteImporter::bind(const std::vector<ValueId>& bound) {
  if (bound.size() != source_.inputs.size()) {
    fail(ErrorCode::bad_input, "graph '{}' takes {} inputs, not {}", source_.name, source_.inputs.size(), bound.size());
  }
  for (size_t i = 0; i < bound.size(); ++i) values_[static_cast<size_t>(source_.inputs[i])] = bound[i];
}

void TfliteImporter::add_inputs() {
  for (const int32_t place : source_.inputs) {
    const TfliteTensor& tensor = source_.tensors[static_cast<size_t>(place)];
    auto& known = values_[static_cast<size_t>(place)];
    if (known) fail(ErrorCode::bad_input, "input '{}' is listed twice", tensor.name);
    known = nodes_->input(tensor.name, type_of(tensor));
  }
}

void TfliteImporter::add_operator(const TfliteOperator& operation, size_t index) {
  const TfliteMeaning* meaning = find_tflite_meaning(operation.code);
  const bool is_named = !operation.outputs.empty() && operation.outputs[0] >= 0;
  const std::string name =
      is_named ? source_.tensors[static_cast<size_t>(operation.outputs[0])].name : fmt::format("operator{}", index);
  with_context(fmt::format("operator {} '{}' ({})", index, name, meaning ? meaning->name : "unknown"), [&] {
    if (!meaning) fail(ErrorCode::unsupported, "operator {} is not known", operation.code);
    nodes_->enter(name);
    TfliteStep step(operation, *this);
    meaning->put(step, meaning->standard);
  });
}

// Values have TFLite's names; inputs, constants and what is given out twice pass through a node that has.
void TfliteImporter::add_outputs() {
  std::set<ValueId> given;
  for (const int32_t place : source_.outputs) {
    const std::string& name = source_.tensors[static_cast<size_t>(place)].name;
    ValueId output = value(place);
    if (graph_->value(output).origin != graph::ValueOrigin::node || given.contains(output)) {
      nodes_->enter(name);
      output = nodes_->add("Identity", {output});
    }
    given.insert(output);
    nodes_->rename(output, name);
    graph_->outputs.push_back(output);
  }
}

}  // namespace adze::formats
