// What is computed. Built by an architecture from a config or read from a graph format; the one description that is
// executed, optimized, partitioned, differentiated and exported.
//
// Goals: single assignment, every fact explicit (sizes, states, order of effects, placement), owns no weight bytes.
// Not a goal: knowing what an op means; that is behind OpSchema, which ops/ fills.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/value_type.h"

namespace adze::graph {

using ValueId = uint32_t;
using NodeId = uint32_t;
/// Stands in a node's inputs for an optional input that is not given.
inline constexpr ValueId kNoValue = UINT32_MAX;

using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;
using Attributes = std::map<std::string, Attribute, std::less<>>;

/// Where a value comes from.
enum class ValueOrigin {
  node,      // an output of a node
  input,     // given by the caller
  weight,    // bound late, by name, to a tensor of the Model
  state,     // bound by the runtime to memory that it keeps between calls
  constant,  // a small tensor stored in the graph itself (imported graphs, folding)
  captured,  // in a sub-graph: a value of the enclosing graph
};

struct Value {
  std::string name;  // unique within its graph
  ValueType type;
  ValueOrigin origin = ValueOrigin::node;
  std::vector<std::byte> constant;  // origin constant: packed rows
  ValueId outer = kNoValue;         // origin captured: the value of the enclosing graph
};

class Graph;
struct OpSchema;

struct Node {
  const OpSchema* op = nullptr;
  std::string name;  // for messages and `adze explain`: "blk.0.attn_q"
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  Attributes attributes;
  std::vector<std::shared_ptr<Graph>> subgraphs;  // bodies of If, Loop, Scan
  std::string placement;                          // backend name; empty: not placed yet
};

/// What checking a node sees: types of inputs (null for an omitted one), weights included, and attributes.
struct NodeTypes {
  const Node& node;
  std::vector<const ValueType*> inputs;
};

/// The contract of an op. ops/ extends it with kernels; graph/ only checks and infers through it.
struct OpSchema {
  std::string_view name;     // "rms_norm"
  std::string_view summary;  // one line for `adze list ops`

  /// Checks inputs and attributes and returns the types of the outputs. Throws Error(bad_input) saying what is wrong;
  /// the caller adds the node's name.
  std::vector<ValueType> (*infer)(const NodeTypes& node);
};

class Graph {
 public:
  std::string name;
  std::vector<Symbol> symbols;
  std::vector<Value> values;
  std::vector<Node> nodes;  // in an order of execution
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  SymbolId add_symbol(std::string symbol_name, int64_t minimum, int64_t maximum);
  ValueId add_input(std::string value_name, ValueType type);
  ValueId add_weight(std::string value_name, std::vector<Dim> dims);
  ValueId add_state(std::string value_name, ValueType type);
  /// Any value, not tied to a node or to `inputs`.
  ValueId add_value(Value value);

  /// Appends a node and one value per output, with inferred types; returns the outputs. A single output is named like
  /// the node, several get ":0", ":1" … Throws Error(bad_input) naming the node.
  std::vector<ValueId> add_node(const OpSchema& op, std::string node_name, std::vector<ValueId> node_inputs,
                                Attributes attributes = {});

  const Value& value(ValueId id) const { return values[id]; }
  std::optional<ValueId> find_value(std::string_view value_name) const;
};

/// Graphs inside nodes inside graphs …: bounds every recursion over them.
inline constexpr int kMaxSubgraphDepth = 16;

/// Checks names, single assignment, order of use, effect order, sub-graphs, and every node against its schema.
/// Throws Error(bad_input) that lists all problems found.
///
/// Effect order. `append_state(state, rows, batch, effect) -> effect` writes, `read_state(state, batch, effect) ->
/// history` reads; in general a node with an effect output writes, one with only an effect input reads.
///   - A node has at most one effect input and one effect output; a node that uses a state has an effect input.
///   - A writer consumes its token: nothing later, nor the graph's outputs, may use that token.
///   - All uses of one state lie on one chain of tokens. So they have one total order, the order of the nodes.
///   - A node whose sub-graphs capture a state uses that state; captured values are never effects.
void verify(const Graph& graph);

/// Text form: stable, readable, parsed back to an equal graph (values are renumbered in the order of the text).
/// `adze inspect --graph` prints it and tests are written in it.
///
///   graph "tiny" {
///     symbol T in 1..512
///     input %x: f32[T, 8]
///     input %start: effect
///     weight %w: ?[4, 8]
///     state %keys: state f16[?, 4]
///     constant %two: f32[1] = 0x00000040
///     %y: f32[T, 4] = linear(%x, %w, _) {activation="q8_32", eps=1e-05} on cpu
///     %a: f32[T, 2], %b: f32[T, 2] = split(%y) as "halves"
///     return %a, %b
///   }
///
/// "?" is an unknown dimension or a storage type bound late, "_" an omitted input, "as" a node's name where it does not
/// follow from its output's. Sub-graphs stand behind their node; there `capture %a: f32[T] from %b` names an outer
/// value. Names that are not plain are quoted; the ':' before a type is followed by a blank, because names may hold
/// ':'.
std::string to_text(const Graph& graph);

/// Parses; does not verify(). Throws Error(bad_input) with line and column.
Graph from_text(std::string_view text, std::span<const OpSchema* const> ops,
                std::span<const CodecInfo* const> storages);

// Attributes with checks, for schemas and kernels. Error(bad_input) naming the attribute when absent or of another
// type.
int64_t int_attribute(const Node& node, std::string_view name);
double number_attribute(const Node& node, std::string_view name);
int64_t int_attribute_or(const Node& node, std::string_view name, int64_t fallback);
double number_attribute_or(const Node& node, std::string_view name, double fallback);
std::string string_attribute_or(const Node& node, std::string_view name, std::string_view fallback);

}  // namespace adze::graph
