#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/imatrix/read_imatrix.h"
#include "formats/imatrix/write_imatrix.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

using model::ActivationStatistics;
using model::InputStatistics;

InputStatistics some_inputs(int64_t columns, std::vector<int64_t> counts, float seed) {
  InputStatistics inputs;
  inputs.columns = columns;
  inputs.counts = std::move(counts);
  for (int64_t i = 0; i < columns * inputs.matrices(); ++i) {
    inputs.square_sums.push_back(seed * static_cast<float>(i + 1));
    inputs.sums.push_back(-seed * static_cast<float>(i));
  }
  return inputs;
}

ActivationStatistics some_statistics() {
  ActivationStatistics statistics;
  statistics.datasets = {"one.txt", "two.txt"};
  statistics.chunk_count = 3;
  statistics.chunk_tokens = 128;
  statistics.inputs["blk.0.attn_q.weight"] = some_inputs(4, {384}, 0.3f);
  statistics.inputs["blk.0.ffn_up_exps.weight"] = some_inputs(2, {100, 0, 284}, 0.7f);
  return statistics;
}

void expect_same_importance(const ActivationStatistics& a, const ActivationStatistics& b) {
  ASSERT_EQ(a.inputs.size(), b.inputs.size());
  for (const auto& [weight, inputs] : a.inputs) {
    const auto* other = b.find(weight);
    ASSERT_TRUE(other) << weight;
    EXPECT_EQ(inputs.counts, other->counts);
    EXPECT_EQ(inputs.square_sums, other->square_sums);
    EXPECT_EQ(inputs.sums, other->sums);
  }
}

TEST(Imatrix, GgufHoldsEverything) {
  const std::string folder = test_folder() + "/";
  auto statistics = some_statistics();
  InputStatistics& queries = statistics.inputs["blk.0.attn_q.weight"];
  queries.minima = {-1, -2, -3, -4};
  queries.maxima = {1, 2, 3, 4};
  queries.quantiles = {1, 2, 3, 4, 5, 6};
  std::vector<float> triangle(10, 0.5f);
  const auto bytes = std::as_bytes(std::span(triangle));
  queries.hessian = std::make_shared<model::Tensor>(
      model::owned_tensor("h", Shape({10}), &codecs::f32.info, {bytes.begin(), bytes.end()}));
  statistics.inputs["blk.0.attn_v.weight"] = queries;
  write_imatrix(statistics, folder + "s.gguf", ImatrixForm::statistics);
  EXPECT_TRUE(is_imatrix(folder + "s.gguf"));

  const auto read = read_imatrix(folder + "s.gguf");
  expect_same_importance(statistics, read);
  EXPECT_EQ(read.datasets, statistics.datasets);
  EXPECT_EQ(read.chunk_count, 3);
  EXPECT_EQ(read.chunk_tokens, 128);
  for (const char* weight : {"blk.0.attn_q.weight", "blk.0.attn_v.weight"}) {
    const auto* inputs = read.find(weight);
    EXPECT_EQ(inputs->minima, queries.minima);
    EXPECT_EQ(inputs->maxima, queries.maxima);
    EXPECT_EQ(inputs->quantiles, queries.quantiles);
    ASSERT_TRUE(inputs->hessian);
    EXPECT_EQ(model::decode_all(*inputs->hessian), triangle);
  }
  EXPECT_EQ(read.find("blk.0.attn_q.weight")->hessian, read.find("blk.0.attn_v.weight")->hessian);
}

TEST(Imatrix, DatIsWrittenAgainBitByBit) {
  const std::string folder = test_folder() + "/";
  write_imatrix(some_statistics(), folder + "a.dat", ImatrixForm::dat);
  const auto read = read_imatrix(folder + "a.dat");
  EXPECT_TRUE(read.counts_are_chunks);
  EXPECT_EQ(read.datasets, std::vector<std::string>{"two.txt"});
  // An expert without data counts as 1 everywhere.
  EXPECT_EQ(mean_squares(*read.find("blk.0.ffn_up_exps.weight"))[2], 1.0f);
  write_imatrix(read, folder + "b.dat", ImatrixForm::dat);
  EXPECT_EQ(read_text_file(folder + "a.dat"), read_text_file(folder + "b.dat"));
}

TEST(Imatrix, DatBecomesGgufOfTokens) {
  const std::string folder = test_folder() + "/";
  write_imatrix(some_statistics(), folder + "a.dat", ImatrixForm::dat);
  write_imatrix(read_imatrix(folder + "a.dat"), folder + "a.gguf", ImatrixForm::imatrix);
  const auto read = read_imatrix(folder + "a.gguf");
  EXPECT_EQ(read.find("blk.0.attn_q.weight")->counts, std::vector<int64_t>{3 * 512});
  const auto before = mean_squares(*some_statistics().find("blk.0.attn_q.weight"));
  const auto after = mean_squares(*read.find("blk.0.attn_q.weight"));
  for (size_t i = 0; i < before.size(); ++i) EXPECT_FLOAT_EQ(before[i], after[i]);
}

TEST(Imatrix, ExpertsWithLittleDataAreFound) {
  const auto rare = experts_with_little_data(some_statistics(), 128);
  ASSERT_EQ(rare.size(), 2u);
  EXPECT_EQ(rare[0].expert, 0);
  EXPECT_EQ(rare[1].count, 0);
}

TEST(Imatrix, CutOffDatFilesAreRefused) {
  const std::string folder = test_folder() + "/";
  write_imatrix(some_statistics(), folder + "a.dat", ImatrixForm::dat);
  const std::string whole = read_text_file(folder + "a.dat");
  // Without the last two fields it is a file as the first versions wrote it.
  const size_t trailer = 2 * sizeof(int32_t) + std::strlen("two.txt");
  for (size_t size = 0; size < whole.size(); size += 5) {
    if (size == whole.size() - trailer) continue;
    write_text_file(folder + "cut.dat", whole.substr(0, size));
    EXPECT_THROW(read_imatrix(folder + "cut.dat"), Error) << size;
  }
  std::string wrong = whole;
  wrong[0] = '\xff';
  wrong[3] = '\xff';
  write_text_file(folder + "wrong.dat", wrong);
  EXPECT_THROW(read_imatrix(folder + "wrong.dat"), Error);
}

ActivationStatistics with(const std::function<void(InputStatistics&)>& change) {
  auto statistics = some_statistics();
  change(statistics.inputs["blk.0.attn_q.weight"]);
  return statistics;
}

TEST(Imatrix, SumsThatDoNotFitAreRefused) {
  const std::string folder = test_folder() + "/";
  const auto path = folder + "s.gguf";
  write_imatrix(with([](auto& inputs) {
                  inputs.counts = {1, 2, 3};
                  inputs.columns = 4;
                  inputs.square_sums.resize(12);
                  inputs.sums.clear();
                  inputs.minima.assign(12, 0.0f);
                }),
                path, ImatrixForm::statistics);
  EXPECT_NO_THROW(read_imatrix(path));
  EXPECT_THROW(write_imatrix(with([](auto& inputs) { inputs.square_sums.resize(3); }), path, ImatrixForm::statistics),
               Error);
  write_imatrix(with([](auto& inputs) { inputs.quantiles = {1, 2}; }), path, ImatrixForm::statistics);
  EXPECT_THROW(read_imatrix(path), Error);
}

}  // namespace
}  // namespace adze::formats
