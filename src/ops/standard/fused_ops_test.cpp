// Nodes of sub-graphs against the ops one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "ops/standard/elementwise_program.h"
#include "ops/standard/test_random_convolutions.h"

namespace adze::ops {
namespace {

using test::Dims;
using test::expect_same_bits;
using test::RandomShapes;
using test::run;

/// Dimensions of which some are 1, and some are missing in front.
Dims part_of(const Dims& shape, RandomShapes& shapes) {
  Dims dims;
  for (const int64_t dim : shape) dims.push_back(shapes.between(0, 2) == 0 ? 1 : dim);
  while (!dims.empty() && shapes.between(0, 4) == 0) dims.erase(dims.begin());
  return dims;
}

struct RandomProgram {
  std::vector<HostTensor> inputs;
  std::vector<ElementwiseStep> steps;
};

RandomProgram random_program(RandomShapes& shapes) {
  constexpr std::array<std::string_view, 12> kOps{"Add", "Sub", "Mul",  "Div",     "Max",  "Min",
                                                  "Abs", "Neg", "Relu", "Sigmoid", "Tanh", "Reciprocal"};
  RandomProgram program;
  Dims shape;
  for (int64_t axes = shapes.between(0, 4); axes > 0; --axes) {
    shape.push_back(shapes.between(1, shapes.between(0, 5) == 0 ? 700 : 9));
  }
  for (int64_t count = shapes.between(1, 4); count > 0; --count) {
    program.inputs.push_back(shapes.floats(part_of(shape, shapes)));
  }
  for (int64_t count = shapes.between(1, 14); count > 0; --count) {
    const auto* function = find_elementwise_function(kOps[static_cast<size_t>(shapes.between(0, 11))]);
    const auto last = static_cast<int64_t>(program.inputs.size() + program.steps.size()) - 1;
    const auto a = static_cast<size_t>(shapes.between(0, last)), b = static_cast<size_t>(shapes.between(0, last));
    program.steps.push_back({function, a, function->inputs == 2 ? b : a});
  }
  return program;
}

HostTensor one_by_one(const RandomProgram& program) {
  HostValues values(program.inputs.begin(), program.inputs.end());
  for (const auto& [function, a, b] : program.steps) {
    HostValues operands{values[a]};
    if (function->inputs == 2) operands.push_back(values[b]);
    values.push_back(run(std::string(function->op), operands, {}));
  }
  return values.back().tensor();
}

TEST(ElementwiseProgram, ComputesWhatItsStepsCompute) {
  RandomShapes shapes(1);
  ThreadPool pool(3);
  for (int round = 0; round < 300; ++round) {
    const auto random = random_program(shapes);
    std::vector<Dims> dims;
    std::vector<const HostTensor*> inputs;
    for (const HostTensor& input : random.inputs) {
      dims.push_back(input.dims());
      inputs.push_back(&input);
    }
    const ElementwiseProgram program(random.steps, dims);
    ASSERT_TRUE(program.is_for(inputs));
    HostTensor result(&codecs::f32.info, program.result_dims());
    program.run(inputs, result, round % 5 == 0 ? &pool : nullptr);
    expect_same_bits(result, one_by_one(random));
  }
}

TEST(ElementwiseProgram, MayWriteOverAnInput) {
  RandomShapes shapes(2);
  const HostTensor x = shapes.floats({7, 300}), row = shapes.floats({300}), column = shapes.floats({7, 1});
  const auto* add = find_elementwise_function("Add");
  const auto* multiply = find_elementwise_function("Mul");
  const auto* tanh = find_elementwise_function("Tanh");
  const std::vector<ElementwiseStep> steps{{multiply, 0, 1}, {tanh, 3, 3}, {add, 4, 2}, {multiply, 5, 0}};
  const ElementwiseProgram program(steps, {x.dims(), row.dims(), column.dims()});
  const std::vector<const HostTensor*> inputs{&x, &row, &column};
  HostTensor apart(&codecs::f32.info, program.result_dims());
  program.run(inputs, apart, nullptr);
  HostTensor over = x;
  program.run(inputs, over, nullptr);
  expect_same_bits(over, apart);
}

/// MatMul(Cast(Equal(x, keys)), rows)
HostTensor multiplied(const HostTensor& x, const HostTensor& keys, const HostTensor& rows) {
  const auto equal = run("Equal", {x, keys}, {});
  return run("MatMul", {run("Cast", {equal}, {{"to", int64_t{1}}}), rows}, {});
}

TEST(OneHotProduct, ChoosesRowsAsTheProductDoes) {
  RandomShapes shapes(3);
  const std::function<HostValues(size_t, HostValues)> body = [](size_t, const HostValues& values) {
    return HostValues{multiplied(values[0].tensor(), values[1].tensor(), values[2].tensor())};
  };
  const StandardOp* op = find_standard_op("OneHotProduct");
  for (const int64_t last : {1, 1, 9}) {
    const HostTensor x = shapes.integers({2, 5, last}, 12), rows = shapes.floats({9, 21});
    const_cast<HostTensor&>(rows).fill<float>()[3] = -0.0f;
    HostTensor keys(&codecs::i32.info, {1, 9});
    for (int32_t i = 0; i < 9; ++i) keys.fill<int32_t>()[static_cast<size_t>(i)] = i;
    const graph::Node node{op, "n", {0, 1, 2}, {3}, {}, {}, {}};
    NodeMemory memory{{false, true, true}, nullptr, {}, nullptr};
    const HostValues inputs{x, keys, rows};
    const auto chosen = evaluate(*op, {node, inputs, body, nullptr, &memory});
    expect_same_bits(chosen[0].tensor(), multiplied(x, keys, rows));
  }
}

}  // namespace
}  // namespace adze::ops
