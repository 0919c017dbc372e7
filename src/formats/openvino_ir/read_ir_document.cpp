// lint: foreign names: OpenVINO
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <pugixml.hpp>

#include "base/error.h"
#include "base/file.h"
#include "formats/graph_folder.h"
#include "formats/openvino_ir/ir_document.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kOldestVersion = 10;  // before it, layers have other names and weights inside
constexpr int kMaxToldDepth = 8;

int64_t integer_of(pugi::xml_node node, const char* name) {
  const std::string_view text = node.attribute(name).value();
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::bad_input, "<{}> has {}=\"{}\" where a whole number is needed", node.name(), name, text);
  }
  return number;
}

int64_t integer_or(pugi::xml_node node, const char* name, int64_t fallback) {
  return node.attribute(name) ? integer_of(node, name) : fallback;
}

/// The first of names that are joined with commas; a comma within one has a backslash before it.
std::string first_name(std::string_view names) {
  std::string first;
  for (size_t i = 0; i < names.size() && names[i] != ','; ++i) {
    if (names[i] == '\\' && i + 1 < names.size()) ++i;
    first += names[i];
  }
  return first;
}

IrPort read_port(pugi::xml_node node) {
  IrPort port{integer_of(node, "id"), node.attribute("precision").value(), std::nullopt,
              first_name(node.attribute("names").value())};
  std::vector<int64_t> dims;
  for (const auto dim : node.children("dim")) {
    const std::string_view text = dim.text().get();
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < -1) {
      fail(ErrorCode::bad_input, "a port has the dimension \"{}\"", text);
    }
    dims.push_back(number);
  }
  // A port without dimensions is a scalar, or its writer leaves them out.
  if (!dims.empty()) port.dims = std::move(dims);
  return port;
}

std::vector<IrPort> read_ports(pugi::xml_node list) {
  std::vector<IrPort> ports;
  for (const auto node : list.children("port")) ports.push_back(read_port(node));
  return ports;
}

IrPortMapEntry read_port_map_entry(pugi::xml_node node) {
  IrPortMapEntry entry;
  entry.outer_port = integer_of(node, "external_port_id");
  entry.inner_layer = integer_of(node, "internal_layer_id");
  if (node.attribute("axis")) entry.axis = integer_of(node, "axis");
  entry.start = integer_or(node, "start", entry.start);
  entry.end = integer_or(node, "end", entry.end);
  entry.stride = integer_or(node, "stride", entry.stride);
  entry.part_size = integer_or(node, "part_size", entry.part_size);
  entry.purpose = node.attribute("purpose").value();
  return entry;
}

IrGraph read_graph(pugi::xml_node node, int depth);

IrBody read_body(pugi::xml_node layer, const std::string& prefix, int depth) {
  IrBody body;
  const auto graph = layer.child((prefix + "body").c_str());
  body.graph = std::make_shared<const IrGraph>(read_graph(graph, depth + 1));
  const auto map = layer.child((prefix + "port_map").c_str());
  for (const auto entry : map.children("input")) body.inputs.push_back(read_port_map_entry(entry));
  for (const auto entry : map.children("output")) body.outputs.push_back(read_port_map_entry(entry));
  for (const auto edge : layer.child("back_edges").children("edge")) {
    body.back_edges.emplace_back(integer_of(edge, "from-layer"), integer_of(edge, "to-layer"));
  }
  return body;
}

IrLayer read_layer(pugi::xml_node node, int depth) {
  IrLayer layer{integer_of(node, "id"),
                node.attribute("name").value(),
                node.attribute("type").value(),
                node.attribute("version").value(),
                {},
                {},
                {},
                {}};
  return with_context(fmt::format("layer '{}' ({})", layer.name, layer.type), [&] {
    for (const auto attribute : node.child("data").attributes()) layer.attributes[attribute.name()] = attribute.value();
    layer.inputs = read_ports(node.child("input"));
    layer.outputs = read_ports(node.child("output"));
    for (const char* prefix : {"", "then_", "else_"}) {
      if (node.child((std::string(prefix) + "body").c_str())) layer.bodies.push_back(read_body(node, prefix, depth));
    }
    return std::move(layer);
  });
}

IrGraph read_graph(pugi::xml_node node, int depth) {
  if (depth > kMaxIrDepth) fail(ErrorCode::bad_input, "bodies are nested too deep");
  IrGraph graph;
  for (const auto layer : node.child("layers").children("layer")) graph.layers.push_back(read_layer(layer, depth));
  for (const auto edge : node.child("edges").children("edge")) {
    graph.edges.push_back({integer_of(edge, "from-layer"), integer_of(edge, "from-port"), integer_of(edge, "to-layer"),
                           integer_of(edge, "to-port")});
  }
  return graph;
}

/// What tools noted: elements with a value, or with more of them inside.
void read_told(pugi::xml_node node, const std::string& path, std::map<std::string, std::string>& told, int depth) {
  if (depth > kMaxToldDepth) return;
  for (const auto child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const char* key = child.attribute("name") ? child.attribute("name").value() : child.name();
    const std::string inner = path.empty() ? key : path + "/" + key;
    if (child.attribute("value")) told[inner] = child.attribute("value").value();
    read_told(child, inner, told, depth + 1);
  }
}

bool has_constants(const IrGraph& graph) {
  return std::ranges::any_of(graph.layers, [](const IrLayer& layer) {
    return (layer.attributes.contains("offset") && layer.attributes.contains("size")) ||
           std::ranges::any_of(layer.bodies, [](const IrBody& body) { return has_constants(*body.graph); });
  });
}

}  // namespace

bool is_openvino_ir(const std::string& file_or_folder) {
  const std::string path = graph_file(file_or_folder, kIrModelFile);
  if (fs::path(path).extension() != ".xml") return false;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return false;
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes().first(std::min<size_t>(file->bytes().size(), 4096));
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return start.find("<net") != std::string_view::npos;
}

IrDocument read_ir_text(std::span<const std::byte> text, std::span<const std::byte> constants,
                        std::shared_ptr<const void> keeps_constants, const std::string& name) {
  return with_context(name, [&] {
    pugi::xml_document xml;
    const auto parsed = xml.load_buffer(text.data(), text.size());
    if (!parsed) fail(ErrorCode::bad_input, "no XML from byte {} on: {}", parsed.offset, parsed.description());
    const auto net = xml.child("net");
    if (!net) fail(ErrorCode::bad_input, "its first element is not <net>");
    IrDocument document;
    document.name = net.attribute("name").value();
    document.version = integer_of(net, "version");
    if (document.version < kOldestVersion) {
      fail(ErrorCode::unsupported, "version {} of the IR; versions from {} on can be read", document.version,
           kOldestVersion);
    }
    document.graph = read_graph(net, 0);
    document.constants = constants;
    document.keeps_constants = std::move(keeps_constants);
    read_told(net.child("rt_info"), "", document.told, 0);
    return document;
  });
}

IrDocument read_ir_document(const std::string& file_or_folder) {
  const std::string path = graph_file(file_or_folder, kIrModelFile);
  const auto text = MappedFile::open(path);
  const std::string beside = fs::path(path).replace_extension(".bin").string();
  std::error_code ignored;
  if (fs::exists(beside, ignored)) {
    const auto constants = MappedFile::open(beside);
    return read_ir_text(text->bytes(), constants->bytes(), constants, path);
  }
  auto document = read_ir_text(text->bytes(), {}, nullptr, path);
  if (has_constants(document.graph)) {
    fail(ErrorCode::not_found, "{}: no such file; the constants of {} lie there", beside, path);
  }
  return document;
}

}  // namespace adze::formats
