// from_text: recursive descent over the text form. Values are resolved as they are declared, so that a text can only
// name what stands above.
#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "graph/attributes_text.h"
#include "graph/graph.h"
#include "graph/text_cursor.h"

namespace adze::graph {
namespace {

/// What names in the text may stand for.
struct Vocabulary {
  std::span<const OpSchema* const> ops;
  std::span<const CodecInfo* const> storages;
};

class GraphParser {
 public:
  GraphParser(TextCursor& cursor, const Vocabulary& vocabulary, const GraphParser* outer, int depth)
      : cursor_(cursor), vocabulary_(vocabulary), outer_(outer), depth_(depth) {}

  Graph parse() {
    if (depth_ > kMaxSubgraphDepth) cursor_.fail_here("more than {} graphs inside one another", kMaxSubgraphDepth);
    if (!cursor_.accept_word("graph")) cursor_.fail_here("expected 'graph'");
    graph_.name = cursor_.string("the graph's name in quotes");
    cursor_.expect("{");
    while (!cursor_.accept("}")) parse_statement();
    return std::move(graph_);
  }

 private:
  void parse_statement() {
    if (cursor_.next_is("%") || cursor_.next_is("()")) return parse_node();
    if (cursor_.accept_word("symbol")) return parse_symbol();
    if (cursor_.accept_word("input")) return parse_input();
    if (cursor_.accept_word("weight")) return declare(parse_typed(ValueOrigin::weight));
    if (cursor_.accept_word("state")) return declare(parse_typed(ValueOrigin::state));
    if (cursor_.accept_word("constant")) return parse_constant();
    if (cursor_.accept_word("capture")) return parse_capture();
    if (cursor_.accept_word("return")) return parse_return();
    cursor_.fail_here(
        "expected a node (%name: type = op(...)) or one of symbol, input, weight, state, constant, capture, return, "
        "}}");
  }

  void parse_symbol() {
    const size_t start = cursor_.position();
    Symbol symbol;
    symbol.name = cursor_.word_or_string("a symbol's name");
    if (!symbols_.emplace(symbol.name, static_cast<SymbolId>(graph_.symbols.size())).second) {
      cursor_.fail_at(start, fmt::format("symbol '{}' is declared twice", symbol.name));
    }
    if (!cursor_.accept_word("in")) cursor_.fail_here("expected 'in'");
    symbol.minimum = cursor_.integer("a minimum");
    cursor_.expect("..");
    symbol.maximum = cursor_.accept("*") ? INT64_MAX : cursor_.integer("a maximum or '*'");
    graph_.symbols.push_back(std::move(symbol));
  }

  // A value that is parsed but not yet visible to the statements below.
  struct Declaration {
    size_t position;
    Value value;
  };

  Declaration parse_typed(ValueOrigin origin) {
    Declaration declaration{cursor_.position(), {}};
    cursor_.expect("%");
    declaration.value.name = cursor_.name("a value's name");
    declaration.value.origin = origin;
    cursor_.expect(":");
    declaration.value.type = parse_type(0);
    return declaration;
  }

  ValueId declare_value(Declaration declaration) {
    const auto id = static_cast<ValueId>(graph_.values.size());
    if (!values_.emplace(declaration.value.name, id).second) {
      cursor_.fail_at(declaration.position, fmt::format("value '{}' is declared twice", declaration.value.name));
    }
    return graph_.add_value(std::move(declaration.value));
  }
  void declare(Declaration declaration) { declare_value(std::move(declaration)); }

  void parse_input() { graph_.inputs.push_back(declare_value(parse_typed(ValueOrigin::input))); }

  void parse_constant() {
    auto declaration = parse_typed(ValueOrigin::constant);
    cursor_.expect("=");
    const size_t start = cursor_.position();
    const auto digits = cursor_.hex_literal();
    if (digits.size() % 2 != 0) cursor_.fail_at(start, "an odd number of hexadecimal digits");
    for (size_t i = 0; i < digits.size(); i += 2) {
      uint8_t byte = 0;
      std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
      declaration.value.constant.push_back(static_cast<std::byte>(byte));
    }
    declare(std::move(declaration));
  }

  void parse_capture() {
    auto declaration = parse_typed(ValueOrigin::captured);
    if (!outer_) cursor_.fail_here("only a sub-graph can capture values");
    if (!cursor_.accept_word("from")) cursor_.fail_here("expected 'from'");
    declaration.value.outer = outer_->parse_use(cursor_);
    declare(std::move(declaration));
  }

  void parse_return() {
    do {
      graph_.outputs.push_back(parse_use(cursor_));
    } while (cursor_.accept(","));
    if (!cursor_.next_is("}")) cursor_.fail_here("expected '}}' after the graph's outputs");
  }

  ValueId parse_use(TextCursor& cursor) const {
    const size_t start = cursor.position();
    cursor.expect("%");
    const auto name = cursor.name("a value's name");
    const auto found = values_.find(name);
    if (found == values_.end()) cursor.fail_at(start, fmt::format("value '{}' is not declared above", name));
    return found->second;
  }

  void parse_node() {
    std::vector<Declaration> outputs;
    if (!cursor_.accept("()")) {
      do {
        outputs.push_back(parse_typed(ValueOrigin::node));
      } while (cursor_.accept(","));
    }
    cursor_.expect("=");
    Node node;
    node.op = parse_op();
    node.inputs = parse_node_inputs();
    node.attributes = parse_attributes(cursor_);
    if (cursor_.accept_word("on")) node.placement = cursor_.word_or_string("a backend's name");
    node.name = cursor_.accept_word("as") ? cursor_.string("the node's name in quotes") : implied_name(outputs);
    parse_subgraphs(node);
    for (auto& output : outputs) node.outputs.push_back(declare_value(std::move(output)));
    graph_.nodes.push_back(std::move(node));
  }

  const OpSchema* parse_op() {
    const size_t start = cursor_.position();
    const auto name = cursor_.word_or_string("an op's name");
    const auto found = std::ranges::find_if(vocabulary_.ops, [&](const OpSchema* op) { return op->name == name; });
    if (found == vocabulary_.ops.end()) cursor_.fail_at(start, fmt::format("there is no op '{}'", name));
    return *found;
  }

  std::vector<ValueId> parse_node_inputs() {
    std::vector<ValueId> inputs;
    cursor_.expect("(");
    while (!cursor_.accept(")")) {
      if (!inputs.empty()) cursor_.expect(",");
      inputs.push_back(cursor_.accept("_") ? kNoValue : parse_use(cursor_));
    }
    return inputs;
  }

  std::string implied_name(const std::vector<Declaration>& outputs) const {
    if (outputs.empty()) cursor_.fail_here("a node without outputs needs a name: as \"name\"");
    const auto& first = outputs[0].value.name;
    const bool numbered = outputs.size() > 1 && first.ends_with(":0");
    return numbered ? first.substr(0, first.size() - 2) : first;
  }

  void parse_subgraphs(Node& node) {
    while (cursor_.next_is("graph")) {
      GraphParser inner(cursor_, vocabulary_, this, depth_ + 1);
      node.subgraphs.push_back(std::make_shared<Graph>(inner.parse()));
    }
  }

  ValueType parse_type(int depth) {
    if (depth > kMaxTypeDepth) cursor_.fail_here("more than {} types inside one another", kMaxTypeDepth);
    if (cursor_.accept_word("batch")) return parse_batch();
    if (cursor_.accept_word("effect")) return ValueType::of_kind(ValueKind::effect);
    if (cursor_.accept_word("sequence")) return parse_element(ValueKind::sequence, depth);
    if (cursor_.accept_word("optional")) return parse_element(ValueKind::optional, depth);
    ValueType type;
    if (cursor_.accept_word("string")) {
      type.kind = ValueKind::string;
    } else {
      if (cursor_.accept_word("state")) type.kind = ValueKind::state;
      type.storage = parse_storage();
    }
    parse_dims(type);
    return type;
  }

  ValueType parse_batch() {
    auto type = ValueType::of_kind(ValueKind::batch);
    if (cursor_.next_is("[")) parse_dims(type);
    return type;
  }

  ValueType parse_element(ValueKind kind, int depth) {
    auto type = ValueType::of_kind(kind);
    cursor_.expect("<");
    type.element = std::make_shared<ValueType>(parse_type(depth + 1));
    cursor_.expect(">");
    return type;
  }

  StorageType parse_storage() {
    if (cursor_.accept("?")) return nullptr;
    const size_t start = cursor_.position();
    const auto name = cursor_.word("a type");
    const auto found = std::ranges::find_if(vocabulary_.storages, [&](StorageType s) { return s->name == name; });
    if (found == vocabulary_.storages.end()) cursor_.fail_at(start, fmt::format("there is no storage type '{}'", name));
    return *found;
  }

  void parse_dims(ValueType& type) {
    cursor_.expect("[");
    if (cursor_.accept("...")) {
      type.rank_known = false;
      return cursor_.expect("]");
    }
    while (!cursor_.accept("]")) {
      if (!type.dims.empty()) cursor_.expect(",");
      type.dims.push_back(cursor_.accept("?") ? Dim::unknown() : parse_dim());
    }
  }

  Dim parse_dim() {
    const size_t start = cursor_.position();
    Dim dim = parse_term();
    while (cursor_.next_is("+") || cursor_.next_is("-")) {
      cursor_.accept("+");
      const Dim term = parse_term();
      try {
        dim = dim + term;
      } catch (const Error& error) {
        cursor_.fail_at(start, error.what());
      }
    }
    return dim;
  }

  // "7", "-7", "T", "-T" or "-2*T".
  Dim parse_term() {
    if (cursor_.next_is_integer()) {
      const int64_t number = cursor_.integer("a dimension");
      return cursor_.accept("*") ? Dim::symbol(parse_symbol_use(), number) : Dim(number);
    }
    const int64_t sign = cursor_.accept("-") ? -1 : 1;
    return Dim::symbol(parse_symbol_use(), sign);
  }

  SymbolId parse_symbol_use() {
    const size_t start = cursor_.position();
    const auto name = cursor_.word_or_string("a dimension: a number, a symbol, or '?'");
    const auto found = symbols_.find(name);
    if (found == symbols_.end()) cursor_.fail_at(start, fmt::format("symbol '{}' is not declared above", name));
    return found->second;
  }

  TextCursor& cursor_;
  const Vocabulary& vocabulary_;
  const GraphParser* outer_;
  int depth_;
  Graph graph_;
  std::unordered_map<std::string, SymbolId> symbols_;
  std::unordered_map<std::string, ValueId> values_;
};

}  // namespace

Graph from_text(std::string_view text, std::span<const OpSchema* const> ops,
                std::span<const CodecInfo* const> storages) {
  TextCursor cursor(text);
  const Vocabulary vocabulary{ops, storages};
  Graph graph = GraphParser(cursor, vocabulary, nullptr, 0).parse();
  if (!cursor.at_end()) cursor.fail_here("expected the end of the text");
  return graph;
}

}  // namespace adze::graph
