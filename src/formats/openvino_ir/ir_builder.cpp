#include "formats/openvino_ir/ir_builder.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/file_pair.h"
#include "formats/tensor_stream.h"

namespace adze::formats {
namespace {

constexpr const char* kIrVersion = "11";
// Constants begin at multiples of this, for readers that map them.
constexpr uint64_t kConstantAlignment = 64;

// Ports have their own words for types.
std::string precision_of(std::string_view element) {
  if (element == "f32") return "FP32";
  if (element == "f16") return "FP16";
  if (element == "bf16") return "BF16";
  if (element == "f64") return "FP64";
  if (element == "boolean") return "BOOL";
  std::string upper;
  for (const char c : element) upper += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

template <typename Number>
std::vector<std::byte> bytes_of(const std::vector<Number>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

void put(pugi::xml_node node, const IrBuilder::Attributes& attributes) {
  for (const auto& [name, value] : attributes) node.append_attribute(name.c_str()).set_value(value.c_str());
}

void put_map_entry(pugi::xml_node node, const IrPortMapEntry& entry) {
  put(node, {{"external_port_id", std::to_string(entry.outer_port)},
             {"internal_layer_id", std::to_string(entry.inner_layer)}});
  if (entry.axis) {
    put(node, {{"axis", std::to_string(*entry.axis)},
               {"start", std::to_string(entry.start)},
               {"end", std::to_string(entry.end)},
               {"stride", std::to_string(entry.stride)},
               {"part_size", std::to_string(entry.part_size)}});
  }
  if (!entry.purpose.empty()) put(node, {{"purpose", entry.purpose}});
}

void put_port_map(pugi::xml_node layer, const IrBuiltBody& body) {
  pugi::xml_node map = layer.append_child((body.prefix + "port_map").c_str());
  for (const auto& entry : body.inputs) put_map_entry(map.append_child("input"), entry);
  for (const auto& entry : body.outputs) put_map_entry(map.append_child("output"), entry);
  if (body.back_edges.empty()) return;
  pugi::xml_node edges = layer.append_child("back_edges");
  for (const auto& [result, parameter] : body.back_edges) {
    put(edges.append_child("edge"), {{"from-layer", std::to_string(result)}, {"to-layer", std::to_string(parameter)}});
  }
}

}  // namespace

std::string IrBuilder::new_name(std::string_view layer_type) {
  std::string name = scope_.empty() ? std::string(layer_type) : fmt::format("{}/{}", scope_, layer_type);
  const int count = ++used_names_[name];
  return count == 1 ? name : fmt::format("{}_{}", name, count);
}

IrValue IrBuilder::append(Layer layer) {
  layers_.push_back(std::move(layer));
  return {layers_.size() - 1};
}

IrValue IrBuilder::add(std::string_view layer_type, std::string_view opset, Inputs inputs, Attributes attributes,
                       IrType type) {
  return append({new_name(layer_type),
                 std::string(layer_type),
                 std::string(opset),
                 std::move(attributes),
                 std::move(inputs),
                 {Output{std::string(type)}}});
}

std::vector<IrValue> IrBuilder::add_several(std::string_view layer_type, std::string_view opset, Inputs inputs,
                                            Attributes attributes, const std::vector<IrType>& types) {
  const IrValue first = add(layer_type, opset, std::move(inputs), std::move(attributes));
  auto& outputs = layers_[first.layer].outputs;
  outputs.clear();
  std::vector<IrValue> values;
  for (const IrType type : types) {
    values.push_back({first.layer, outputs.size()});
    outputs.push_back({std::string(type)});
  }
  return values;
}

std::vector<IrValue> IrBuilder::add_with_bodies(std::string_view layer_type, std::string_view opset, Inputs inputs,
                                                std::vector<IrBuiltBody> bodies, const std::vector<IrType>& types) {
  auto values = add_several(layer_type, opset, std::move(inputs), {}, types);
  layers_.back().bodies = std::move(bodies);
  return values;
}

IrValue IrBuilder::parameter(const std::string& name, const std::string& shape, IrType type) {
  return append({name,
                 "Parameter",
                 "opset1",
                 {{"shape", shape}, {"element_type", std::string(type)}},
                 {},
                 {Output{std::string(type), name}}});
}

void IrBuilder::result(IrValue value, const std::string& name, std::vector<int64_t> dims) {
  Output& output = layers_[value.layer].outputs[value.port];
  output.dims = std::move(dims);
  std::string& names = output.name;
  if (!names.empty()) names += ',';
  for (const char c : name) names += c == ',' ? "\\," : std::string(1, c);  // a comma parts names
  append({new_name("Result"), "Result", "opset1", {}, {value}, {}});
}

int64_t IrBuilder::body_result(IrValue value) {
  return static_cast<int64_t>(append({new_name("Result"), "Result", "opset1", {}, {value}, {}}).layer);
}

void IrBuilder::assign(const std::string& variable, IrValue value, IrType type) {
  append({new_name("Assign"), "Assign", "opset6", {{"variable_id", variable}}, {value}, {Output{std::string(type)}}});
}

IrValue IrBuilder::constant(const std::string& name, IrType type, const std::vector<int64_t>& dims,
                            const model::Tensor& rows) {
  return shared("constant " + name, [&] {
    const IrValue made =
        append({name,
                "Const",
                "opset1",
                {{"element_type", std::string(type)}, {"shape", fmt::format("{}", fmt::join(dims, ","))}},
                {},
                {Output{std::string(type)}}});
    constants_.push_back({made.layer, rows});
    return made;
  });
}

IrValue IrBuilder::owned_constant(const std::string& key, IrType type, const std::vector<int64_t>& dims,
                                  std::vector<std::byte> bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  return constant(key, type, dims, model::owned_tensor(key, {1, size}, &codecs::u8.info, std::move(bytes)));
}

IrValue IrBuilder::packed(const std::string& name, IrType type, const std::vector<int64_t>& dims,
                          std::vector<std::byte> bytes) {
  return owned_constant(name, type, dims, std::move(bytes));
}

IrValue IrBuilder::ints(const std::vector<int64_t>& values) {
  return owned_constant(fmt::format("i64[{}]", fmt::join(values, ",")), "i64", {static_cast<int64_t>(values.size())},
                        bytes_of(values));
}

IrValue IrBuilder::whole(int64_t value) {
  return owned_constant(fmt::format("i64 {}", value), "i64", {}, bytes_of(std::vector<int64_t>{value}));
}

IrValue IrBuilder::number(double value) {
  const auto number = static_cast<float>(value);
  return owned_constant(fmt::format("f32 {}", number), "f32", {}, bytes_of(std::vector<float>{number}));
}

IrValue IrBuilder::small_number(IrType type, uint8_t value) {
  return owned_constant(fmt::format("{} {}", type, value), type, {}, {static_cast<std::byte>(value)});
}

uint64_t IrBuilder::constant_bytes() const {
  uint64_t total = 0;
  for (const auto& constant : constants_) total += static_cast<uint64_t>(constant.rows.byte_size());
  for (const Layer& layer : layers_) {
    for (const IrBuiltBody& body : layer.bodies) total += body.layers->constant_bytes();
  }
  return total;
}

void IrBuilder::write_constants(OutputFile& data, TensorStream& stream) {
  for (const auto& constant : constants_) {
    data.pad_to(kConstantAlignment);
    auto& attributes = layers_[constant.layer].attributes;
    attributes.emplace_back("offset", std::to_string(data.position()));
    attributes.emplace_back("size", std::to_string(constant.rows.byte_size()));
    stream.write(constant.rows, data);
  }
  for (const Layer& layer : layers_) {
    for (const IrBuiltBody& body : layer.bodies) body.layers->write_constants(data, stream);
  }
}

// Inputs are numbered from 0 on, and the outputs follow them. Sizes of ports follow from the layers; those of results
// are there for readers that do not work them out.
void IrBuilder::put_layer(size_t id, pugi::xml_node layers, pugi::xml_node edges) const {
  const Layer& layer = layers_[id];
  pugi::xml_node node = layers.append_child("layer");
  put(node, {{"id", std::to_string(id)}, {"name", layer.name}, {"type", layer.type}, {"version", layer.opset}});
  if (!layer.attributes.empty()) put(node.append_child("data"), layer.attributes);
  pugi::xml_node inputs = layer.inputs.empty() ? pugi::xml_node() : node.append_child("input");
  for (size_t port = 0; port < layer.inputs.size(); ++port) {
    const IrValue from = layer.inputs[port];
    put(inputs.append_child("port"), {{"id", std::to_string(port)}});
    put(edges.append_child("edge"), {{"from-layer", std::to_string(from.layer)},
                                     {"from-port", std::to_string(layers_[from.layer].inputs.size() + from.port)},
                                     {"to-layer", std::to_string(id)},
                                     {"to-port", std::to_string(port)}});
  }
  pugi::xml_node outputs = layer.outputs.empty() ? pugi::xml_node() : node.append_child("output");
  for (size_t port = 0; port < layer.outputs.size(); ++port) {
    const Output& output = layer.outputs[port];
    pugi::xml_node made = outputs.append_child("port");
    put(made, {{"id", std::to_string(layer.inputs.size() + port)}, {"precision", precision_of(output.element)}});
    if (!output.name.empty()) put(made, {{"names", output.name}});
    for (const int64_t dim : output.dims) made.append_child("dim").text().set(dim);
  }
  for (const IrBuiltBody& body : layer.bodies) {
    put_port_map(node, body);
    body.layers->put_graph(node.append_child((body.prefix + "body").c_str()));
  }
}

void IrBuilder::put_graph(pugi::xml_node parent) const {
  pugi::xml_node layers = parent.append_child("layers");
  pugi::xml_node edges = parent.append_child("edges");
  for (size_t id = 0; id < layers_.size(); ++id) put_layer(id, layers, edges);
}

void IrBuilder::write(const std::string& name, const std::string& xml_path, const std::string& data_path,
                      const WriteOptions& options) {
  require_free_beside(xml_path, data_path);
  OutputFile data(data_path);
  TensorStream stream(options, constant_bytes());
  write_constants(data, stream);
  pugi::xml_document document;
  pugi::xml_node net = document.append_child("net");
  put(net, {{"name", name}, {"version", kIrVersion}});
  put_graph(net);
  if (!told_.empty()) {
    pugi::xml_node info = net.append_child("rt_info");
    for (const auto& [key, value] : told_) put(info.append_child(key.c_str()), {{"value", value}});
  }
  std::ostringstream text;
  document.save(text, "\t");
  OutputFile xml(xml_path);
  xml.append(text.str());
  commit_pair(xml, data);
}

}  // namespace adze::formats
