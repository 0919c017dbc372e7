#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/error.h"
#include "base/utf8.h"
#include "graph/graph.h"
#include "graph/test_equality.h"
#include "graph/test_ops.h"
#include "graph/text_cursor.h"

namespace adze::graph {
namespace {

using test::first_difference;
using test::parse;
using testing::HasSubstr;

std::string error_of(std::string_view text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.what();
  }
  return "no error";
}

constexpr std::string_view kExample = R"(graph "tiny" {
  symbol T in 1..512
  symbol "batch size" in 0..*
  input %x: f32[T, 8]
  input %batch: batch[T, ?]
  input %start: effect
  weight %blk.0.w: ?[4, 8]
  weight %"odd name\n": ?["batch size"]
  state %keys: state f16[?, 4]
  constant %two: f32[1] = 0x00000040
  %y: f32[T, 4] = linear(%x, %blk.0.w, _) {activation="q8_32", eps=1e-05, scales=[0.5, 2.0]} on cpu
  %y2: f32[2*T+1, ?] = linear(%x, %blk.0.w) as "second"
  %halves:0: f32[T, 4], %halves:1: f32[T, 4] = halve(%y)
  %a: f32[...], %b: sequence<optional<string[?]>> = halve(%y) as "named"
  () = log(%y) on "gpu 0" as "log"
  %r: f32[T, 4] = run(%start) {flags=floats[], ints=[], yes=true}
    graph "body" {
      symbol T in 1..512
      capture %inner: f32[T, 4] from %y
      %r: f32[T, 4] = run()
        graph "deeper" {
          capture %innermost: f32[4] from %inner
          return %innermost
        }
      return %inner
    }
  return %a, %r
}
)";

TEST(TextForm, PrintsWhatItParsed) { EXPECT_EQ(to_text(parse(kExample)), kExample); }

TEST(TextForm, ParsesTheParts) {
  const Graph graph = parse(kExample);
  const Node& y = graph.nodes[0];
  EXPECT_EQ(y.name, "y");
  EXPECT_EQ(y.placement, "cpu");
  EXPECT_EQ(y.inputs[2], kNoValue);
  EXPECT_EQ(number_attribute(y, "eps"), 1e-05);
  EXPECT_EQ(graph.nodes[1].name, "second");
  EXPECT_EQ(graph.nodes[2].name, "halves");
  const Dim& dim = graph.value(*graph.find_value("y2")).type.dims[0];
  EXPECT_EQ(dim, Dim::symbol(0, 2, 1));
  EXPECT_EQ(graph.value(*graph.find_value("two")).constant.size(), 4u);
  EXPECT_TRUE(graph.find_value("odd name\n"));
  EXPECT_EQ(graph.symbols[1], (Symbol{"batch size", 0, INT64_MAX}));
}

TEST(TextForm, AddNodeNamesFollow) {
  Graph graph;
  graph.name = "g";
  const auto x = graph.add_input("x", ValueType::tensor(&test::kF32, {2}));
  const auto halves = graph.add_node(test::kHalve, "h", {x});
  graph.outputs = graph.add_node(test::kAdd, "sum", halves);
  EXPECT_EQ(to_text(graph), R"(graph "g" {
  input %x: f32[2]
  %h:0: f32[2], %h:1: f32[2] = halve(%x)
  %sum: f32[2] = add(%h:0, %h:1)
  return %sum
}
)");
  EXPECT_EQ(first_difference(graph, parse(to_text(graph))), "");
}

TEST(TextForm, FloatsReadBackBitEqual) {
  const double payload = std::bit_cast<double>(uint64_t{0xFFF4000000000123u});
  const std::vector<double> numbers{0.0,      -0.0,      1.0,     1e300,       -1e-300,
                                    5e-324,   0.1,       1.0 / 3, 123456789.0, 1e16,
                                    INFINITY, -INFINITY, NAN,     payload,     3.4028234663852886e38};
  Graph graph;
  const auto x = graph.add_input("x", ValueType::tensor(&test::kF32, {}));
  Attributes attributes{{"all", numbers}};
  for (size_t i = 0; i < numbers.size(); ++i) attributes.emplace(fmt::format("n{}", i), numbers[i]);
  graph.add_node(test::kHalve, "h", {x}, attributes);
  EXPECT_EQ(first_difference(graph, parse(to_text(graph))), "") << to_text(graph);
}

TEST(TextForm, BrokenGraphsArePrintedToo) {
  Graph graph;
  graph.inputs = {4};
  graph.outputs = {5};
  graph.nodes.push_back({nullptr, "n", {6, kNoValue}, {7}, {}, {nullptr}, {}});
  graph.add_value({"c", ValueType::of_kind(ValueKind::sequence), ValueOrigin::captured, {}, 3});
  EXPECT_THAT(to_text(graph), HasSubstr("%<no value 6>"));
}

TEST(TextForm, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("graph \"g\" {\n  input %x: f33[2]\n}"), "line 2, column 13: there is no storage type 'f33'");
  EXPECT_EQ(error_of("graph \"g\" {\n  return %y\n}"), "line 2, column 10: value 'y' is not declared above");
  EXPECT_EQ(error_of(""), "line 1, column 1: expected 'graph'");
  EXPECT_EQ(error_of("graph \"g\" { } x"), "line 1, column 15: expected the end of the text");
}

TEST(TextForm, RefusesMalformedText) {
  const auto in_graph = [](const std::string& body) { return error_of("graph \"g\" {" + body + "}"); };
  EXPECT_THAT(error_of("graph \"g"), HasSubstr("string is not closed"));
  EXPECT_THAT(error_of("graph \"g\" {"), HasSubstr("expected a node"));
  EXPECT_THAT(in_graph("input %x: batch input %x: batch"), HasSubstr("'x' is declared twice"));
  EXPECT_THAT(in_graph("symbol T in 0..1 symbol T in 0..1"), HasSubstr("'T' is declared twice"));
  EXPECT_THAT(in_graph("input %x: f32[T]"), HasSubstr("symbol 'T' is not declared"));
  EXPECT_THAT(in_graph("%x: f32[] = gemm()"), HasSubstr("no op 'gemm'"));
  EXPECT_THAT(in_graph("%x: f32[] = add(%x)"), HasSubstr("'x' is not declared above"));
  EXPECT_THAT(in_graph("() = add()"), HasSubstr("needs a name"));
  EXPECT_THAT(in_graph("() = add() {a=1, a=2} as \"n\""), HasSubstr("attribute 'a' is given twice"));
  EXPECT_THAT(in_graph("() = add() {a=99999999999999999999}"), HasSubstr("not a number that fits 64 bits"));
  EXPECT_THAT(in_graph("() = add() {a=1e999}"), HasSubstr("not a number that fits"));
  EXPECT_THAT(in_graph("() = add() {a=nan(0x0)}"), HasSubstr("not those of a NaN"));
  EXPECT_THAT(in_graph("() = add() {a=}"), HasSubstr("not a number"));
  EXPECT_THAT(in_graph("input %x: f32[9223372036854775808]"), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(in_graph("input %x: f32[9223372036854775807+1]"), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(in_graph("constant %c: f32[] = 0x123"), HasSubstr("odd number"));
  EXPECT_THAT(in_graph("capture %c: f32[] from %x"), HasSubstr("only a sub-graph"));
  EXPECT_THAT(in_graph("input %x: batch return %x input %y: batch"), HasSubstr("after the graph's outputs"));
  EXPECT_THAT(in_graph("input %\"\\q\": batch"), HasSubstr("unknown escape"));
}

TEST(TextForm, RecursionIsBounded) {
  std::string types = "graph \"g\" { input %x: ";
  std::string graphs = "graph \"g\" { () = run() as \"n\" ";
  for (int i = 0; i < 100000; ++i) types += "sequence<";
  for (int i = 0; i < 1000; ++i) graphs += "graph \"g\" { () = run() as \"n\" ";
  EXPECT_THAT(error_of(types), HasSubstr("more than 16 types"));
  EXPECT_THAT(error_of(graphs), HasSubstr("more than 16 graphs"));
}

TEST(TextForm, CommentsAndBlanksAreSkipped) {
  const Graph graph = parse("# first\ngraph \"g\" { # a comment\n\tinput %x: batch#end\n return %x }  # last");
  EXPECT_EQ(graph.outputs.size(), 1u);
}

TEST(Quoted, RoundTripsAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "é漢";
  const auto text = in_quotes(bytes);
  EXPECT_TRUE(is_valid_utf8(text));
  EXPECT_THAT(text, HasSubstr("é漢"));
  TextCursor cursor(text);
  EXPECT_EQ(cursor.string("a string"), bytes);
  EXPECT_TRUE(cursor.at_end());
}

/// Builds graphs that use every feature of the text form; they need not make sense to a schema.
class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed) {}

  Graph make(const Graph* outer = nullptr, int depth = 0) {
    Graph graph;
    graph.name = name("g");
    for (int i = below(3); i > 0; --i) graph.add_symbol(name("S"), below(5), below(2) ? INT64_MAX : 5 + below(100));
    for (int i = 1 + below(4); i > 0; --i) graph.add_input(name("in"), type(graph, 0));
    for (int i = below(3); i > 0; --i) graph.add_weight(name("w"), dims(graph));
    for (int i = below(2); i > 0; --i) graph.add_state(name("s"), ValueType::state(storage(), dims(graph)));
    for (int i = below(3); i > 0; --i) add_constant(graph);
    for (int i = outer ? below(3) : 0; i > 0; --i) add_captured(graph, *outer);
    for (int i = below(5); i > 0; --i) add_node(graph, depth);
    for (int i = below(3); i > 0; --i) graph.outputs.push_back(any_value(graph));
    return graph;
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  std::string name(const std::string& stem) {
    static const std::array<std::string, 6> kEndings{"", ".weight", "/x:0", " \"q\"", ":", "\n\xff é"};
    return fmt::format("{}{}{}", stem, counter_++, kEndings[static_cast<size_t>(below(12)) % kEndings.size()]);
  }

  StorageType storage() { return below(4) ? test::kStorages[static_cast<size_t>(below(3))] : nullptr; }

  Dim dim(const Graph& graph) {
    Dim dim = below(5) ? Dim(below(100) - 20) : Dim::unknown();
    for (SymbolId id = 0; id < graph.symbols.size(); ++id) {
      if (below(2)) dim = dim + Dim::symbol(id, below(7) - 3);
    }
    return dim;
  }

  std::vector<Dim> dims(const Graph& graph) {
    std::vector<Dim> list;
    for (int i = below(4); i > 0; --i) list.push_back(dim(graph));
    return list;
  }

  ValueType type(const Graph& graph, int depth) {
    auto result = ValueType::of_kind(static_cast<ValueKind>(below(7)));
    const bool has_storage = result.kind == ValueKind::tensor || result.kind == ValueKind::state;
    if (has_storage) result.storage = storage();
    if (has_storage || result.kind == ValueKind::string || result.kind == ValueKind::batch) {
      result.rank_known = below(5) != 0;
      if (result.rank_known) result.dims = dims(graph);
    }
    if (result.kind != ValueKind::sequence && result.kind != ValueKind::optional) return result;
    if (depth > 8) return ValueType::of_kind(ValueKind::batch);
    result.element = std::make_shared<ValueType>(type(graph, depth + 1));
    return result;
  }

  void add_constant(Graph& graph) {
    std::vector<std::byte> bytes(static_cast<size_t>(below(9)));
    for (auto& byte : bytes) byte = static_cast<std::byte>(below(256));
    graph.add_value({name("c"), ValueType::tensor(storage(), dims(graph)), ValueOrigin::constant, bytes, kNoValue});
  }

  void add_captured(Graph& graph, const Graph& outer) {
    graph.add_value({name("o"), type(graph, 0), ValueOrigin::captured, {}, any_value(outer)});
  }

  double number() { return std::bit_cast<double>(static_cast<uint64_t>(random_()) << 32 | random_()); }

  Attribute attribute() {
    switch (below(6)) {
      case 0:
        return below(2) == 0;
      case 1:
        return static_cast<int64_t>(static_cast<uint64_t>(random_()) << 32 | random_());
      case 2:
        return number();
      case 3:
        return name("text");
      case 4:
        return std::vector<int64_t>(static_cast<size_t>(below(3)), below(1000) - 500);
      default:
        return std::vector<double>(static_cast<size_t>(below(3)), below(2) ? number() : 2.0);
    }
  }

  ValueId any_value(const Graph& graph) { return static_cast<ValueId>(random_() % graph.values.size()); }

  void add_node(Graph& graph, int depth) {
    Node node;
    node.op = test::kOps[static_cast<size_t>(below(static_cast<int>(test::kOps.size())))];
    node.name = name("n");
    for (int i = below(4); i > 0; --i) node.inputs.push_back(below(4) ? any_value(graph) : kNoValue);
    for (int i = below(4); i > 0; --i) node.attributes.emplace(name("a"), attribute());
    if (below(2)) node.placement = name("device");
    for (int i = depth < 3 ? below(3) : 0; i > 0; --i) {
      node.subgraphs.push_back(std::make_shared<Graph>(make(&graph, depth + 1)));
    }
    const int outputs = below(4);
    const bool follows = below(2);
    for (int i = 0; i < outputs; ++i) {
      const auto own = follows ? (outputs == 1 ? node.name : fmt::format("{}:{}", node.name, i)) : name("v");
      node.outputs.push_back(graph.add_value({own, type(graph, 0), ValueOrigin::node, {}, kNoValue}));
    }
    graph.nodes.push_back(std::move(node));
  }

  std::mt19937 random_;
  int counter_ = 0;
};

TEST(TextForm, RandomGraphsAreParsedBackEqual) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    const Graph graph = RandomGraph(seed).make();
    const auto text = to_text(graph);
    const Graph back = parse(text);
    ASSERT_EQ(first_difference(graph, back), "") << "seed " << seed << "\n" << text;
    ASSERT_EQ(to_text(back), text) << "seed " << seed;
  }
}

TEST(TextForm, DamagedTextEndsInAnErrorOrAGraph) {
  std::mt19937 random(1);
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    auto text = to_text(RandomGraph(seed % 50).make());
    const size_t at = random() % text.size();
    if (seed % 2) {
      text.resize(at);
    } else {
      text[at] = static_cast<char>(random());
    }
    try {
      const Graph graph = parse(text);
      verify(graph);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input);
    }
  }
}

}  // namespace
}  // namespace adze::graph
