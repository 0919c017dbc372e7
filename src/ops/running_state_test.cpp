// Ops that keep what a sequence has come to: fast kernels against references, texts cut anywhere, any number of
// threads.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>

#include "codecs/codec.h"
#include "ops/causal_convolution/causal_convolution.h"
#include "ops/selective_scan/selective_scan.h"

namespace adze::ops {
namespace {

struct Numbers {
  int64_t rows;
  int64_t length;
  std::vector<float> values;

  Argument argument() {
    Argument argument;
    argument.tensor = {reinterpret_cast<std::byte*>(values.data()), &codecs::f32.info, rows, length, length * 4};
    argument.given = true;
    return argument;
  }
};

Numbers random_numbers(int64_t rows, int64_t length, uint32_t seed, float around = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(around, 1);
  Numbers numbers{rows, length, std::vector<float>(static_cast<size_t>(rows * length))};
  for (float& value : numbers.values) value = normal(random);
  return numbers;
}

/// A node of one of the two ops with a state in page 1 of 3; the others must stay as they are.
struct Case {
  const Op* op;
  graph::Attributes attributes;
  Numbers x;                    // the first input: the rows of a text
  std::vector<Numbers> others;  // the inputs between it and the state
  int64_t out_length;
  int64_t state_rows;
  int64_t state_length;
  size_t rows_of_text = 1;  // so many of the first inputs have a row for each token
};

struct Run {
  std::vector<float> out;
  std::vector<float> state;
};

class Runner {
 public:
  Runner(const Case& test, const Kernel& kernel, unsigned threads)
      : case_(test), kernel_(kernel), threads_(threads), state_(3 * static_cast<size_t>(state_size()), kGarbage) {
    view_.pages = reinterpret_cast<std::byte*>(state_.data());
    view_.storage = &codecs::f32.info;
    view_.page_tokens = 64;
    view_.heads = test.state_rows;
    view_.head_dim = test.state_length;
    view_.page_bytes = state_size() * 4;
    view_.layout = StateLayout::running;
    node_.op = test.op;
    node_.attributes = test.attributes;
  }

  Run run(int64_t together) {
    const int64_t tokens = case_.x.rows;
    Run result{std::vector<float>(static_cast<size_t>(tokens * case_.out_length)), {}};
    for (int64_t past = 0; past < tokens; past += together) feed(past, std::min(together, tokens - past), result.out);
    result.state.assign(state_.begin() + state_size(), state_.begin() + 2 * state_size());
    for (int64_t i = 0; i < state_size(); ++i) {
      EXPECT_EQ(state_[static_cast<size_t>(i)], kGarbage);
      EXPECT_EQ(state_[static_cast<size_t>(2 * state_size() + i)], kGarbage);
    }
    return result;
  }

 private:
  static constexpr float kGarbage = 1e30f;
  int64_t state_size() const { return case_.state_rows * case_.state_length; }

  static Argument part(const Numbers& numbers, int64_t first, int64_t count) {
    const auto begin = numbers.values.begin() + first * numbers.length;
    Argument argument;
    argument.tensor = {const_cast<std::byte*>(reinterpret_cast<const std::byte*>(&*begin)), &codecs::f32.info, count,
                       numbers.length, numbers.length * 4};
    argument.given = true;
    return argument;
  }

  void feed(int64_t past, int64_t count, std::vector<float>& out) {
    const int32_t page = 1;
    const SequenceView sequence{0, count, past, &page};
    BatchView batch{{&sequence, 1}, {}, {}};
    std::vector<Argument> inputs{part(case_.x, past, count)};
    for (const Numbers& other : case_.others) {
      const bool of_text = inputs.size() < case_.rows_of_text;
      inputs.push_back(part(other, of_text ? past : 0, of_text ? count : other.rows));
    }
    inputs.emplace_back().state = &view_;
    inputs.emplace_back().batch = &batch;
    inputs.emplace_back();
    Argument output;
    output.tensor = {reinterpret_cast<std::byte*>(out.data() + past * case_.out_length), &codecs::f32.info, count,
                     case_.out_length, case_.out_length * 4};
    const Argument outputs[] = {output, {}};
    call(inputs, outputs);
  }

  void call(std::span<const Argument> inputs, std::span<const Argument> outputs) {
    const auto parameters = case_.op->resolve ? case_.op->resolve(node_) : nullptr;
    std::vector<std::byte> scratch;
    if (kernel_.scratch_bytes) {
      KernelRequest request{node_, parameters.get(), {}, {}, Isa::scalar, threads_};
      for (const Argument& input : inputs) request.input_dims.push_back({input.tensor.rows, input.tensor.row_length});
      scratch.resize(kernel_.scratch_bytes(request));
    }
    const KernelCall call{inputs, outputs, parameters.get(), scratch.data()};
    Barrier barrier(threads_);
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads_; ++thread) {
      team.emplace_back([&, thread] { kernel_.run(call, Team(thread, threads_, &barrier)); });
    }
    for (std::thread& member : team) member.join();
  }

  const Case& case_;
  const Kernel& kernel_;
  unsigned threads_;
  std::vector<float> state_;
  StateView view_;
  graph::Node node_;
};

void expect_close(const std::vector<float>& found, const std::vector<float>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-4 * (1 + std::fabs(wanted[i]))) << i;
}

void check(const Case& test) {
  const Kernel& reference = test.op->kernels.back();
  const Run wanted = Runner(test, reference, 1).run(test.x.rows);
  for (const Kernel& kernel : test.op->kernels) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    SCOPED_TRACE(kernel.name);
    const Run whole = Runner(test, kernel, 1).run(test.x.rows);
    expect_close(whole.out, wanted.out);
    expect_close(whole.state, wanted.state);
    for (const int64_t together : {1, 2, 3, 7}) {
      const Run cut = Runner(test, kernel, 3).run(together);
      EXPECT_EQ(cut.out, whole.out) << together;
      EXPECT_EQ(cut.state, whole.state) << together;
    }
  }
}

TEST(RunningState, CausalConvolution) {
  for (const int64_t channels : {1, 15, 16, 67, 130}) {
    for (const int64_t width : {2, 4, 5}) {
      const auto seed = static_cast<uint32_t>(channels * 10 + width);
      check({&causal_convolution,
             {},
             random_numbers(11, channels, seed),
             {random_numbers(channels, width, seed + 1), random_numbers(1, channels, seed + 2)},
             channels,
             width - 1,
             channels});
    }
  }
}

TEST(RunningState, SelectiveScan) {
  struct Sizes {
    int64_t heads, head_dim, groups, states;
  };
  for (const Sizes& s : {Sizes{1, 1, 1, 1}, Sizes{4, 16, 2, 24}, Sizes{3, 12, 1, 5}, Sizes{2, 83, 2, 17}}) {
    const int64_t width = s.heads * s.head_dim;
    Numbers decay = random_numbers(s.heads, 1, 5);
    for (float& rate : decay.values) rate = -std::fabs(rate);
    check({&selective_scan,
           {{"groups", s.groups}, {"states", s.states}},
           random_numbers(11, width + 2 * s.groups * s.states, 1),
           {random_numbers(11, s.heads, 2), random_numbers(1, s.heads, 3, -1), decay, random_numbers(s.heads, 1, 4)},
           width,
           s.heads,
           s.states * s.head_dim,
           2});
  }
}

}  // namespace
}  // namespace adze::ops
