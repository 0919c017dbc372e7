// Sub-graphs that are computed as one op.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/elementwise_program.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

/// The body's nodes; nothing where one is of another kind.
std::vector<ElementwiseStep> steps_of(const graph::Graph& body) {
  std::vector<size_t> numbers(body.values.size(), SIZE_MAX);
  const auto number_of = [&](graph::ValueId id) { return id == graph::kNoValue ? SIZE_MAX : numbers[id]; };
  for (size_t i = 0; i < body.inputs.size(); ++i) numbers[body.inputs[i]] = i;
  std::vector<ElementwiseStep> steps;
  for (const graph::Node& node : body.nodes) {
    const auto* function = find_elementwise_function(node.op->name);
    if (!function || node.inputs.size() != function->inputs || node.outputs.size() != 1) return {};
    const size_t a = number_of(node.inputs.front()), b = number_of(node.inputs.back());
    if (a == SIZE_MAX || b == SIZE_MAX) return {};
    numbers[node.outputs[0]] = body.inputs.size() + steps.size();
    steps.push_back({function, a, b});
  }
  const bool ends =
      body.outputs.size() == 1 && !steps.empty() && numbers[body.outputs[0]] == body.inputs.size() + steps.size() - 1;
  return ends ? steps : std::vector<ElementwiseStep>();
}

std::shared_ptr<const ElementwiseProgram> program_for(const StandardCall& call, const graph::Graph& body,
                                                      std::span<const HostTensor* const> inputs) {
  if (call.memory && call.memory->kept) {
    auto kept = std::static_pointer_cast<const ElementwiseProgram>(call.memory->kept);
    if (kept->is_for(inputs)) return kept;
  }
  const auto steps = steps_of(body);
  if (steps.empty()) fail(ErrorCode::bad_input, "its sub-graph does not consist of functions of single numbers");
  std::vector<std::vector<int64_t>> dims;
  for (const HostTensor* input : inputs) dims.push_back(input->dims());
  auto program = std::make_shared<const ElementwiseProgram>(steps, std::move(dims));
  if (call.memory) call.memory->kept = program;
  return program;
}

HostValues evaluate_fused_elementwise(const StandardCall& call) {
  if (call.node.subgraphs.size() != 1) fail(ErrorCode::bad_input, "its sub-graph is missing");
  const graph::Graph& body = *call.node.subgraphs[0];
  std::vector<const HostTensor*> inputs;
  for (size_t i = 0; i < call.inputs.size(); ++i) inputs.push_back(&call.tensor(i));
  const auto is_float = [](const HostTensor* x) { return x->type() == &codecs::f32.info; };
  if (!std::ranges::all_of(inputs, is_float) || inputs.size() != body.inputs.size()) {
    return call.run_body(0, {call.inputs.begin(), call.inputs.end()});
  }
  const auto program = program_for(call, body, inputs);
  HostTensor result = call.result_over(&codecs::f32.info, program->result_dims());
  program->run(inputs, result, call.pool);
  HostValues outputs;
  outputs.push_back(std::move(result));
  return outputs;
}

/// Rows of a matrix that are chosen by numbers: each with its own.
struct RowChoice {
  const HostTensor& numbers;  // [..., 1]
  const HostTensor& rows;     // [n, width]
};

bool are_finite(const HostTensor& x) {
  return std::ranges::all_of(x.numbers<float>(), [](float number) { return std::isfinite(number); });
}

/// The numbers 0, 1, 2 … along the last axis.
bool counts_up(const HostTensor& keys, int64_t count) {
  if (keys.count() != count || keys.rank() == 0 || keys.dims().back() != count) return false;
  return visit_integers(keys, [&](auto tag) {
    const auto numbers = keys.numbers<typename decltype(tag)::type>();
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (static_cast<int64_t>(numbers[i]) != static_cast<int64_t>(i)) return false;
    }
    return true;
  });
}

bool is_index(const HostTensor& x) { return x.type() == &codecs::i32.info || x.type() == &codecs::i64.info; }

/// Whether a product with a matrix of ones and zeros only chooses rows. What does not depend on x is kept.
bool chooses_rows(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &keys = call.tensor(1), &rows = call.tensor(2);
  const bool fits = is_index(x) && keys.type() == x.type() && rows.type() == &codecs::f32.info && rows.rank() == 2 &&
                    x.rank() >= std::max<size_t>(keys.rank(), 2) && x.dims().back() == 1;
  return fits && call.keeps(1) && *call.kept_of(2, [&] { return counts_up(keys, rows.dim(0)) && are_finite(rows); });
}

/// Where no row is named, zeros. A sum with 0 is what the product gives for a negative zero.
void copy_chosen_rows(const RowChoice& choice, float* out) {
  const int64_t width = choice.rows.dim(1), count = choice.rows.dim(0);
  const float* rows = choice.rows.numbers<float>().data();
  const RowProducts& products = row_products();
  const float zero = 0;
  visit_integers(choice.numbers, [&](auto tag) {
    for (const auto number : choice.numbers.numbers<typename decltype(tag)::type>()) {
      const auto row = static_cast<int64_t>(number);
      const bool exists = row >= 0 && row < count;
      const RowOperand from = exists ? RowOperand{rows + row * width, 1} : RowOperand{&zero, 0};
      products.apply(RowFunction::add, from, {&zero, 0}, width, out);
      out += width;
    }
  });
}

HostValues evaluate_one_hot_product(const StandardCall& call) {
  if (!chooses_rows(call)) return call.run_body(0, {call.inputs.begin(), call.inputs.end()});
  auto dims = call.tensor(0).dims();
  dims.back() = call.tensor(2).dim(1);
  HostTensor result(&codecs::f32.info, std::move(dims));
  copy_chosen_rows({call.tensor(0), call.tensor(2)}, result.fill<float>().data());
  return only_result(std::move(result));
}

/// Of the matrix's storage, whose rows are the last axis.
Types infer_one_hot_product(const graph::NodeTypes& node) {
  auto type = type_of_input(node, 0);
  const auto keys = type_of_input(node, 1), rows = type_of_input(node, 2);
  type.storage = rows.storage;
  const bool known = type.rank_known && keys.rank_known && rows.rank_known;
  if (!known || type.dims.empty() || type.dims.size() < keys.dims.size() || rows.dims.size() != 2) {
    return {any_tensor(rows.storage)};
  }
  type.dims.back() = rows.dims[1];
  return {type};
}

constexpr std::array kOps = {
    StandardOp{{"OneHotProduct", "rows of a matrix that numbers choose, as a product of ones and zeros with it",
                infer_one_hot_product},
               evaluate_one_hot_product},
    StandardOp{{"FusedElementwise", "functions of single numbers, computed in one walk", infer_broadcast},
               evaluate_fused_elementwise},
};

}  // namespace

std::span<const StandardOp> fused_ops() { return kOps; }

}  // namespace adze::ops
