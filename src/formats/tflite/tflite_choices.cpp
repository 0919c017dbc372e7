// lint: foreign names: TFLite, ONNX
// Numbers chosen and summed, and graphs that run sometimes.
#include "base/error.h"
#include "codecs/codec.h"
#include "formats/tflite/tflite_families.h"
#include "formats/tflite/tflite_importer.h"

namespace adze::formats {
namespace {

using graph::ValueId;

/// The number of the graph that an option names.
size_t inner_graph(TfliteStep& s, size_t field) {
  const auto index = s.options().number<int32_t>(field, -1);
  const auto& graphs = s.importer().model().subgraphs;
  if (index < 0 || static_cast<size_t>(index) >= graphs.size()) {
    fail(ErrorCode::bad_input, "it names graph {} of {}", index, graphs.size());
  }
  return static_cast<size_t>(index);
}

std::shared_ptr<graph::Graph> branch(TfliteStep& s, size_t field) {
  TfliteImporter inner(s.importer().model(), inner_graph(s, field), s.importer().weights(), &s.importer());
  std::vector<ValueId> bound;
  for (size_t i = 1; i < s.input_count(); ++i) bound.push_back(inner.capture(s.input(i)));
  inner.import(bound);
  return inner.graph();
}

/// Whether the loop goes on with these values: the nodes of the graph that says so, put into `graph`.
ValueId goes_on(TfliteStep& s, TfliteImporter& graph, const std::vector<ValueId>& values) {
  const auto outputs = TfliteImporter(graph, inner_graph(s, 0)).import_nodes(values);
  if (outputs.size() != 1) fail(ErrorCode::bad_input, "the condition of the loop has {} outputs", outputs.size());
  return graph.nodes().reshape(outputs[0], {});
}

}  // namespace

void tflite_gather(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const int64_t axis = s.options().number<int32_t>(0, 0), batches = s.options().number<int32_t>(1, 0);
  const ValueId x = s.same_scales(0) ? s.input(0) : s.real(0);
  ValueId made = graph::kNoValue;
  if (batches == 0) {
    made = n.add(op, {x, s.input(1)}, {{"axis", axis}});
  } else {
    if (axis != batches) s.refuse("batches that do not lie before its axis");
    made = n.add("GatherND", {x, n.unsqueeze(s.wide(1), {-1})}, {{"batch_dims", batches}});
  }
  s.same_scales(0) ? s.give(made) : s.give_real(made);
}

void tflite_gather_nd(TfliteStep& s, TfliteName op) { s.give(s.nodes().add(op, {s.input(0), s.wide(1)})); }

// Inputs: indices, rows.
void tflite_embedding_lookup(TfliteStep& s, TfliteName op) {
  s.give_real(s.nodes().add(op, {s.real(1), s.input(0)}, {{"axis", int64_t{0}}}));
}

// Inputs: indices, numbers, shape. Numbers of one place are added.
void tflite_scatter_nd(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const ValueId room = n.add("Expand", {n.number(0, storage_of_tflite(s.tensor(1).type)), s.integer_list(2)});
  s.give(n.add(op, {room, s.wide(0), s.input(1)}, {{"reduction", std::string("add")}}));
}

// Inputs: indices, depth, what stands at the index, what stands elsewhere.
void tflite_one_hot(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto one = [&](size_t input) { return n.reshape(s.input(input), {1}); };
  const ValueId indices = s.wide(0), depth = s.wide(1);
  const ValueId bounded = n.add("Where", {n.add("Less", {indices, n.whole(0)}), depth, indices});
  s.give(n.add(op, {bounded, depth, n.concat({one(3), one(2)}, 0)},
               {{"axis", int64_t{s.options().number<int32_t>(0, 0)}}}));
}

void tflite_top_k(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto found = n.add_several(op, {s.input(0), n.reshape(s.wide(1), {1})}, {{"axis", int64_t{-1}}}, 2);
  s.give(0, found[0]);
  s.give(1, n.cast(found[1], &codecs::i32.info));
}

void tflite_arg(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const ValueId found = n.add(op, {s.input(0)}, {{"axis", s.constant_integer(1)}, {"keepdims", int64_t{0}}});
  s.give(n.cast(found, storage_of_tflite(s.output_tensor(0).type)));
}

// Places as rows.
void tflite_where(TfliteStep& s, TfliteName op) {
  s.give(s.nodes().transpose(s.nodes().add(op, {s.input(0)}), {1, 0}));
}

void tflite_reduce(TfliteStep& s, TfliteName op) {
  const int64_t keep = s.options().number<uint8_t>(0, 0) != 0 ? 1 : 0;
  s.give_real(
      s.nodes().add(op, {s.real(0), s.integer_list(1)}, {{"keepdims", keep}, {"noop_with_empty_axes", int64_t{1}}}));
}

void tflite_reduce_flags(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const int64_t keep = s.options().number<uint8_t>(0, 0) != 0 ? 1 : 0;
  const ValueId numbers = n.cast(s.input(0), &codecs::i32.info);
  s.give(n.cast(n.add(op, {numbers, s.integer_list(1)}, {{"keepdims", keep}}), &codecs::boolean.info));
}

void tflite_cum_sum(TfliteStep& s, TfliteName op) {
  s.give_real(s.nodes().add(op, {s.real(0), s.wide(1)},
                            {{"exclusive", int64_t{s.options().number<uint8_t>(0, 0)}},
                             {"reverse", int64_t{s.options().number<uint8_t>(1, 0)}}}));
}

void tflite_if(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto made = n.add_with_bodies(op, {n.reshape(s.input(0), {})}, {branch(s, 0), branch(s, 1)}, s.output_count());
  for (size_t i = 0; i < made.size(); ++i) s.give(i, made[i]);
}

// The condition is a graph of its own: its nodes stand before the loop, and in the body behind those of each round.
void tflite_while(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  std::vector<ValueId> first, carried;
  for (size_t i = 0; i < s.input_count(); ++i) first.push_back(s.input(i));
  const ValueId begins = goes_on(s, s.importer(), first);
  TfliteImporter body(s.importer().model(), inner_graph(s, 1), s.importer().weights(), &s.importer());
  auto& inner = body.nodes();
  inner.input("round", graph::ValueType::tensor(&codecs::i64.info, {}));
  inner.input("condition", graph::ValueType::tensor(&codecs::boolean.info, {}));
  for (const ValueId value : first) {
    const std::vector<graph::Dim> open(n.rank(value).value_or(0), graph::Dim::unknown());
    carried.push_back(inner.input("carried", graph::ValueType::tensor(n.storage(value), open)));
  }
  const auto outputs = body.import_nodes(carried);
  if (outputs.size() != first.size()) {
    fail(ErrorCode::bad_input, "the loop carries {} values and gives {}", first.size(), outputs.size());
  }
  body.graph()->outputs = {goes_on(s, body, outputs)};
  for (const ValueId output : outputs) body.graph()->outputs.push_back(inner.add("Identity", {output}));
  StandardNodes::Values inputs{graph::kNoValue, begins};
  inputs.insert(inputs.end(), first.begin(), first.end());
  const auto made = n.add_with_bodies(op, inputs, {body.graph()}, first.size());
  for (size_t i = 0; i < made.size(); ++i) s.give(i, made[i]);
}

}  // namespace adze::formats
