#include "ops/adapted_rows/adapted_rows.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::ops {
namespace {

struct Matrix {
  int64_t rows;
  int64_t length;
  std::vector<float> numbers;

  Argument argument() {
    Argument argument;
    argument.tensor = {reinterpret_cast<std::byte*>(numbers.data()), &codecs::f32.info, rows, length, length * 4};
    argument.given = true;
    return argument;
  }
};

Matrix random_matrix(int64_t rows, int64_t length, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  Matrix matrix{rows, length, std::vector<float>(static_cast<size_t>(rows * length))};
  for (float& number : matrix.numbers) number = normal(random);
  return matrix;
}

constexpr int64_t kIn = 70;  // no multiple of a register
constexpr int64_t kOut = 150;
const AdapterUse kBoth[] = {{4, 0.5f}, {9, 2.0f}};
const AdapterUse kSecond[] = {{9, 2.0f}};
const AdapterUse kUnknownHere[] = {{3, 1.0f}};

graph::Node node_of(bool of_logits) {
  graph::Node node;
  node.op = &adapted_rows;
  node.inputs.assign(7, 0);
  node.attributes = {{"adapters", std::vector<int64_t>{4, 9}}, {"scales", std::vector<double>{3, 0.25}}};
  if (of_logits) node.attributes.emplace("rows", std::string("logits"));
  return node;
}

struct Case {
  Matrix y, x;
  Matrix a4 = random_matrix(5, kIn, 1), b4 = random_matrix(5, kOut, 2);
  Matrix a9 = random_matrix(17, kIn, 3), b9 = random_matrix(17, kOut, 4);
  BatchView batch = {};

  // In place of y, as plans do it.
  std::vector<float> run(const Kernel& kernel, unsigned threads) {
    const auto parameters = adapted_rows.resolve(node_of(!batch.logit_rows.empty()));
    Argument batch_argument;
    batch_argument.batch = &batch;
    Matrix out = y;
    Argument inputs[] = {out.argument(), x.argument(),  batch_argument, a4.argument(),
                         b4.argument(),  a9.argument(), b9.argument()};
    Argument outputs[] = {out.argument()};
    std::vector<std::byte> scratch(static_cast<size_t>(y.rows * 22 * 4 + 256));
    const KernelCall call{inputs, outputs, parameters.get(), scratch.data()};
    Barrier barrier(threads);
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads; ++thread) {
      team.emplace_back([&, thread] { kernel.run(call, Team(thread, threads, &barrier)); });
    }
    for (auto& member : team) member.join();
    return out.numbers;
  }

  void add_expected(std::vector<double>& sums, int64_t row, const Matrix& a, const Matrix& b, double factor) const {
    for (int64_t rank = 0; rank < a.rows; ++rank) {
      double inner = 0;
      for (int64_t i = 0; i < kIn; ++i)
        inner += double{a.numbers[static_cast<size_t>(rank * kIn + i)]} * x.numbers[static_cast<size_t>(row * kIn + i)];
      for (int64_t i = 0; i < kOut; ++i)
        sums[static_cast<size_t>(row * kOut + i)] += factor * inner * b.numbers[static_cast<size_t>(rank * kOut + i)];
    }
  }
};

std::vector<const Kernel*> kernels_of_this_machine() {
  std::vector<const Kernel*> list;
  for (const Kernel& kernel : adapted_rows.kernels) {
    if (isa_includes(active_isa(), kernel.isa)) list.push_back(&kernel);
  }
  return list;
}

// Rows of four sequences: with both adapters, with none, with one that does not change this weight, with one.
const SequenceView kSequences[] = {
    {0, 3, 0, nullptr, kBoth}, {3, 2, 0, nullptr, {}}, {5, 1, 0, nullptr, kUnknownHere}, {6, 4, 0, nullptr, kSecond}};

TEST(AdaptedRows, AddsWhatEachSequenceChose) {
  Case test{random_matrix(10, kOut, 5), random_matrix(10, kIn, 6)};
  test.batch.sequences = kSequences;
  std::vector<double> expected(test.y.numbers.begin(), test.y.numbers.end());
  for (int64_t row = 0; row < 3; ++row) test.add_expected(expected, row, test.a4, test.b4, 1.5);
  for (const int64_t row : {0, 1, 2, 6, 7, 8, 9}) test.add_expected(expected, row, test.a9, test.b9, 0.5);
  for (const Kernel* kernel : kernels_of_this_machine()) {
    const auto sums = test.run(*kernel, 1);
    for (size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums[i], expected[i], 2e-4) << kernel->name << " " << i;
    for (size_t i = 3 * kOut; i < 6 * kOut; ++i) ASSERT_EQ(sums[i], test.y.numbers[i]) << kernel->name;
    for (const unsigned threads : {2u, 3u}) EXPECT_EQ(test.run(*kernel, threads), sums) << kernel->name;
  }
}

TEST(AdaptedRows, ARowIsTheSameAloneAndAmongOthers) {
  Case test{random_matrix(10, kOut, 5), random_matrix(10, kIn, 6)};
  test.batch.sequences = kSequences;
  for (const Kernel* kernel : kernels_of_this_machine()) {
    const auto together = test.run(*kernel, 2);
    for (const int64_t row : {1, 4, 8}) {
      const auto part = [row](const std::vector<float>& numbers, int64_t length) {
        return std::vector<float>(numbers.begin() + row * length, numbers.begin() + (row + 1) * length);
      };
      Case alone{{1, kOut, part(test.y.numbers, kOut)}, {1, kIn, part(test.x.numbers, kIn)}};
      SequenceView sequence{0, 1, 0, nullptr, {}};
      if (row == 1) sequence.adapters = kBoth;
      if (row == 8) sequence.adapters = kSecond;
      alone.batch.sequences = {&sequence, 1};
      EXPECT_EQ(alone.run(*kernel, 1), part(together, kOut)) << kernel->name << " " << row;
    }
  }
}

TEST(AdaptedRows, FindsTheRowsOfLogits) {
  const int32_t logit_rows[] = {2, 4, 6, 9};
  Case test{random_matrix(4, kOut, 5), random_matrix(4, kIn, 6)};
  test.batch.sequences = kSequences;
  test.batch.logit_rows = logit_rows;
  std::vector<double> expected(test.y.numbers.begin(), test.y.numbers.end());
  test.add_expected(expected, 0, test.a4, test.b4, 1.5);
  for (const int64_t row : {0, 2, 3}) test.add_expected(expected, row, test.a9, test.b9, 0.5);
  for (const Kernel* kernel : kernels_of_this_machine()) {
    const auto sums = test.run(*kernel, 2);
    for (size_t i = 0; i < sums.size(); ++i) ASSERT_NEAR(sums[i], expected[i], 2e-4) << kernel->name << " " << i;
  }
}

TEST(AdaptedRows, RefusesWhatDoesNotFit) {
  auto node = node_of(false);
  node.attributes["scales"] = std::vector<double>{1};
  EXPECT_THROW(adapted_rows.resolve(node), Error);
  node = node_of(false);
  node.inputs.pop_back();
  EXPECT_THROW(adapted_rows.resolve(node), Error);
  node = node_of(false);
  node.attributes["rows"] = std::string("all");
  EXPECT_THROW(adapted_rows.resolve(node), Error);
  node = node_of(false);
  node.attributes.erase("adapters");
  EXPECT_THROW(adapted_rows.resolve(node), Error);
}

}  // namespace
}  // namespace adze::ops
