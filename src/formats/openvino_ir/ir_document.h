// The layers of an OpenVINO IR as plain structs: what reading gives.
//
// Nothing of OpenVINO is interpreted here: layers are as the file has them, in its order. Constants stay in the mapped
// file beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace adze::formats {

struct IrPort {
  int64_t id = 0;
  std::string precision;                     // "FP32"; empty: the file does not say
  std::optional<std::vector<int64_t>> dims;  // -1: known when it runs; none: the file does not say
  std::string name;                          // of outputs: the first of their names
};

/// How a body's parameter or result belongs to a port of the layer around it.
struct IrPortMapEntry {
  int64_t outer_port = 0;  // -1: none
  int64_t inner_layer = 0;
  std::optional<int64_t> axis;  // sliced, or joined, along it
  int64_t start = 0, end = -1, stride = 1, part_size = 1;
  std::string purpose;  // "current_iteration", "execution_condition"
};

struct IrGraph;

struct IrBody {
  std::shared_ptr<const IrGraph> graph;
  std::vector<IrPortMapEntry> inputs, outputs;
  std::vector<std::pair<int64_t, int64_t>> back_edges;  // (result, parameter)
};

struct IrLayer {
  int64_t id = 0;
  std::string name;
  std::string type;   // "Convolution"
  std::string opset;  // "opset1"
  std::map<std::string, std::string, std::less<>> attributes;
  std::vector<IrPort> inputs, outputs;
  std::vector<IrBody> bodies;  // of a loop: one; of If: then, else
};

inline bool is_constant(const IrLayer& layer) { return layer.type == "Const" || layer.type == "Constant"; }

struct IrEdge {
  int64_t from_layer = 0, from_port = 0, to_layer = 0, to_port = 0;
};

struct IrGraph {
  std::vector<IrLayer> layers;
  std::vector<IrEdge> edges;
};

struct IrDocument {
  std::string name;
  int64_t version = 0;
  IrGraph graph;
  std::span<const std::byte> constants;         // empty where there is no file of them
  std::shared_ptr<const void> keeps_constants;  // what `constants` points into
  std::map<std::string, std::string> told;      // rt_info: "path/to/key" -> value
};

/// Graphs inside layers inside graphs: bounds every recursion over them.
inline constexpr int kMaxIrDepth = 16;

/// A file whose first element is <net>, as OpenVINO's IR begins, or a folder with one alone (graph_folder.h).
bool is_openvino_ir(const std::string& file_or_folder);

/// The file, and the constants in the .bin beside it. Error(bad_input) for what is malformed, naming file and layer;
/// Error(not_found) where constants have no file; Error(unsupported) for versions before 10.
IrDocument read_ir_document(const std::string& file_or_folder);

/// The same for text in memory and constants that are given.
IrDocument read_ir_text(std::span<const std::byte> text, std::span<const std::byte> constants,
                        std::shared_ptr<const void> keeps_constants, const std::string& name);

}  // namespace adze::formats
