// Rows with experts of their own get the bits that `linear` with that expert's weights gives them, in every kernel.
#include "ops/linear/expert_linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"
#include "ops/route_experts/route_experts.h"
#include "tensor/shape.h"

namespace adze::ops {
namespace {

constexpr int64_t kExperts = 5, kUsed = 2, kTokens = 9, kInputs = 512, kOutputs = 48;

std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

TensorView view_of(const void* data, StorageType storage, int64_t rows, int64_t length) {
  return {static_cast<std::byte*>(const_cast<void*>(data)), storage, rows, length, adze::row_bytes(*storage, length)};
}

Argument argument_of(const TensorView& view) {
  Argument argument;
  argument.tensor = view;
  argument.given = true;
  return argument;
}

// Weights of all experts, one behind the other, as a kernel wants them.
class ExpertCase {
 public:
  ExpertCase(const codecs::Codec& codec, std::string_view activation)
      : codec_(codec), all_(codec, {kTokens * kUsed, kInputs, kExperts * kOutputs}, activation) {
    fill_random_blocks(codec, 7, all_.weights);
    biases_ = random_floats(kExperts * kOutputs, 8);
    for (int64_t row = 0; row < kTokens; ++row) {
      experts_.push_back(static_cast<int32_t>(row * 3 % 4));  // the last is nobody's
      experts_.push_back(static_cast<int32_t>((row * 3 + 1) % 4));
    }
    node_.op = &expert_linear;
    node_.attributes["activation"] = std::string(activation);
    parameters_ = expert_linear.resolve(node_);
  }

  KernelRequest request(const Kernel& kernel, unsigned threads, int64_t outputs = kOutputs) const {
    return {node_,
            parameters_.get(),
            {&codecs::f32.info, &codec_.info, &codecs::i32.info, &codecs::f32.info},
            {{kTokens * kUsed, kInputs}, {kExperts, outputs, kInputs}, {kTokens, kUsed}, {kExperts, outputs}},
            kernel.isa,
            threads};
  }

  /// Rows of x: one for each token, or one for each of its experts.
  std::vector<float> run(const Kernel& kernel, const std::vector<float>& x, unsigned threads) {
    std::vector<std::byte> scratch(kernel.scratch_bytes(request(kernel, threads)));
    Argument weight = argument_of(view_of(all_.weights.data(), &codec_.info, kExperts * kOutputs, kInputs));
    if (const WeightPacking* packing = kernel.packing ? kernel.packing(request(kernel, threads)) : nullptr) {
      weight.packed = packed(*packing);
      weight.tensor.data = nullptr;
    }
    const Argument inputs[] = {
        argument_of(view_of(x.data(), &codecs::f32.info, static_cast<int64_t>(x.size()) / kInputs, kInputs)), weight,
        argument_of(view_of(experts_.data(), &codecs::i32.info, kTokens, kUsed)),
        argument_of(view_of(biases_.data(), &codecs::f32.info, kExperts, kOutputs))};
    std::vector<float> out(kTokens * kUsed * kOutputs);
    const Argument output = argument_of(view_of(out.data(), &codecs::f32.info, kTokens * kUsed, kOutputs));
    Barrier barrier(threads);
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads; ++thread) {
      team.emplace_back([&, thread] {
        kernel.run({inputs, {&output, 1}, parameters_.get(), scratch.data()}, Team(thread, threads, &barrier));
      });
    }
    for (std::thread& member : team) member.join();
    return out;
  }

  /// Each row by itself, by a kernel of `linear`.
  std::vector<float> row_by_row(const Kernel& kernel, const std::vector<float>& x) {
    std::vector<float> out(kTokens * kUsed * kOutputs);
    const int64_t repeats = kTokens * kUsed / (static_cast<int64_t>(x.size()) / kInputs);
    for (int64_t row = 0; row < kTokens * kUsed; ++row) {
      const int64_t expert = experts_[static_cast<size_t>(row)];
      LinearCase one(codec_, {1, kInputs, kOutputs}, graph::string_attribute_or(node_, "activation", ""));
      const auto size = static_cast<int64_t>(one.weights.size());
      std::copy_n(all_.weights.begin() + expert * size, size, one.weights.begin());
      one.prepare(kernel, 1);
      one.run(x.data() + row / repeats * kInputs, 1, biases_.data() + expert * kOutputs, out.data() + row * kOutputs);
    }
    return out;
  }

 private:
  const std::byte* packed(const WeightPacking& packing) {
    const int64_t bytes = packing.group_bytes(&codec_.info, kInputs);
    const int64_t groups = kExperts * kOutputs / packing.group_rows;
    packed_.resize(static_cast<size_t>(groups * bytes + 64));
    const auto at = reinterpret_cast<uintptr_t>(packed_.data());
    std::byte* aligned = packed_.data() + ((at + 63) / 64 * 64 - at);
    for (int64_t group = 0; group < groups; ++group) {
      packing.pack_group(&codec_.info, all_.weights.data() + group * packing.group_rows * all_.row_bytes(),
                         packing.group_rows, kInputs, aligned + group * bytes);
    }
    return aligned;
  }

  const codecs::Codec& codec_;
  LinearCase all_;
  std::vector<float> biases_;
  std::vector<int32_t> experts_;
  graph::Node node_;
  std::shared_ptr<const void> parameters_;
  std::vector<std::byte> packed_;
};

TEST(ExpertLinear, rows_get_the_bits_of_linear) {
  int tested = 0;
  ASSERT_EQ(expert_linear.kernels.size(), linear.kernels.size());
  for (size_t i = 0; i < linear.kernels.size(); ++i) {
    const Kernel& kernel = expert_linear.kernels[i];
    EXPECT_EQ(kernel.name, linear.kernels[i].name);
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    for (const codecs::Codec* codec : {&codecs::f32, &codecs::q8_0, &codecs::q4_k, &codecs::mxfp4}) {
      for (const char* activation : {"f32", "q8_32", "q8_256x2"}) {
        ExpertCase test(*codec, activation);
        if (kernel.refuse && kernel.refuse(test.request(kernel, 1))) continue;
        for (const int64_t rows : {kTokens, kTokens * kUsed}) {
          const auto x = random_floats(static_cast<size_t>(rows * kInputs), 9);
          EXPECT_EQ(test.run(kernel, x, 3), test.row_by_row(linear.kernels[i], x)) << kernel.name << codec->info.name;
        }
        ++tested;
      }
    }
  }
  EXPECT_GE(tested, 8);
}

TEST(ExpertLinear, packed_kernels_want_whole_groups_for_each_expert) {
  const ExpertCase test(codecs::q8_0, "q8_32");
  for (const Kernel& kernel : expert_linear.kernels) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    const bool is_reference = &kernel == &expert_linear.kernels.back();
    EXPECT_EQ(!kernel.refuse || !kernel.refuse(test.request(kernel, 1, 40)), is_reference) << kernel.name;
  }
}

struct Routed {
  std::vector<int32_t> experts;
  std::vector<float> weights;
};

Routed route(const std::vector<float>& logits, graph::Attributes attributes, const std::vector<float>& bias = {}) {
  graph::Node node;
  node.op = &route_experts;
  node.attributes = std::move(attributes);
  const auto parameters = route_experts.resolve(node);
  const auto used = graph::int_attribute(node, "used");
  Routed routed{std::vector<int32_t>(static_cast<size_t>(used)), std::vector<float>(static_cast<size_t>(used))};
  const auto count = static_cast<int64_t>(logits.size());
  std::vector<Argument> inputs{argument_of(view_of(logits.data(), &codecs::f32.info, 1, count))};
  if (!bias.empty()) inputs.push_back(argument_of(view_of(bias.data(), &codecs::f32.info, 1, count)));
  const Argument outputs[] = {argument_of(view_of(routed.experts.data(), &codecs::i32.info, 1, used)),
                              argument_of(view_of(routed.weights.data(), &codecs::f32.info, 1, used))};
  Barrier barrier(1);
  route_experts.kernels.back().run({inputs, outputs, parameters.get(), nullptr}, Team(0, 1, &barrier));
  return routed;
}

void expect_route(const Routed& found, const std::vector<int32_t>& experts, const std::vector<double>& weights) {
  EXPECT_EQ(found.experts, experts);
  for (size_t i = 0; i < weights.size(); ++i) EXPECT_NEAR(found.weights[i], weights[i], 1e-6) << i;
}

// Logits ln 1, ln 2, ln 5, ln 2: scores 0.1, 0.2, 0.5, 0.2; of equals the first.
TEST(RouteExperts, computes_the_definitions) {
  const std::vector<float> logits{0, std::log(2.0f), std::log(5.0f), std::log(2.0f)};
  const graph::Attributes two{{"used", int64_t{2}}};
  const auto with = [&](std::initializer_list<graph::Attributes::value_type> more) {
    graph::Attributes attributes = two;
    attributes.insert(more.begin(), more.end());
    return attributes;
  };
  expect_route(route(logits, two), {2, 1}, {0.5, 0.2});
  expect_route(route(logits, with({{"normalize", int64_t{1}}})), {2, 1}, {5.0 / 7, 2.0 / 7});
  expect_route(route(logits, with({{"scores", std::string("softmax_used")}})), {2, 1}, {5.0 / 7, 2.0 / 7});
  expect_route(route(logits, with({{"scores", std::string("sigmoid")}, {"scale", 2.0}})), {2, 1}, {10.0 / 6, 4.0 / 3});
  // The bias has a say in the choice alone.
  expect_route(route(logits, two, {1, 0, 0, 0}), {0, 2}, {0.1, 0.5});
  // Groups {0, 1} and {2, 3}: 0.3 against 0.7.
  expect_route(route(logits, with({{"groups", int64_t{2}}, {"groups_used", int64_t{1}}})), {2, 3}, {0.5, 0.2});
}

}  // namespace
}  // namespace adze::ops
