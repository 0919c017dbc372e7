#include "ops/route_experts/route_experts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/decode_row.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

ExpertScores read_scores(const graph::Node& node) {
  const auto name = graph::string_attribute_or(node, "scores", "softmax");
  if (name == "softmax") return ExpertScores::softmax;
  if (name == "softmax_used") return ExpertScores::softmax_used;
  if (name == "sigmoid") return ExpertScores::sigmoid;
  fail(ErrorCode::bad_input, "scores must be softmax, softmax_used or sigmoid, but is '{}'", name);
}

}  // namespace

RouteParameters read_route_parameters(const graph::Node& node) {
  RouteParameters p{};
  p.used = graph::int_attribute(node, "used");
  p.scores = read_scores(node);
  p.normalize = graph::int_attribute_or(node, "normalize", 0) != 0;
  p.scale = static_cast<float>(graph::number_attribute_or(node, "scale", 1));
  p.groups = graph::int_attribute_or(node, "groups", 1);
  p.groups_used = graph::int_attribute_or(node, "groups_used", p.groups);
  const auto group_scores = graph::string_attribute_or(node, "group_scores", "best_two");
  if (group_scores != "best" && group_scores != "best_two") {
    fail(ErrorCode::bad_input, "group_scores must be best or best_two, but is '{}'", group_scores);
  }
  p.groups_by_best = group_scores == "best";
  if (p.groups < 1 || p.groups_used < 1 || p.groups_used > p.groups) {
    fail(ErrorCode::bad_input, "{} of {} groups of experts cannot be used", p.groups_used, p.groups);
  }
  return p;
}

namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 2);
  const auto& logits = require_f32(node, 0, 2, "logits");
  const auto p = read_route_parameters(node.node);
  if (!logits.dims[1].is_constant()) fail(ErrorCode::bad_input, "the number of experts must be constant");
  const int64_t experts = logits.dims[1].constant();
  if (p.used < 1 || p.used > experts || experts % p.groups != 0 || p.used > experts / p.groups * p.groups_used) {
    fail(ErrorCode::bad_input, "{} of {} experts in {} groups cannot be used", p.used, experts, p.groups);
  }
  if (has_input(node, 1)) {
    const auto& bias = require_weight(node, 1, 1, "bias");
    require_equal_dims(bias.dims[0], logits.dims[1], "bias and experts");
  }
  return {graph::ValueType::tensor(&codecs::i32.info, {logits.dims[0], graph::Dim(p.used)}),
          graph::ValueType::tensor(&codecs::f32.info, {logits.dims[0], graph::Dim(p.used)})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<RouteParameters>(read_route_parameters(node));
}

void softmax(std::vector<double>& values) {
  const double largest = *std::ranges::max_element(values);
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
}

// One row: scores, the order of choice, weights.
class RowRouter {
 public:
  explicit RowRouter(const RouteParameters& parameters) : p_(parameters) {}

  void route(const float* logits, const float* bias, int64_t experts, int32_t* chosen, float* weights) {
    scores_.assign(logits, logits + experts);
    if (p_.scores == ExpertScores::softmax) softmax(scores_);
    if (p_.scores == ExpertScores::sigmoid) {
      for (double& score : scores_) score = 1 / (1 + std::exp(-score));
    }
    choice_ = scores_;
    if (bias) std::transform(choice_.begin(), choice_.end(), bias, choice_.begin(), std::plus<>());
    if (p_.groups_used < p_.groups) drop_groups();
    order_.resize(static_cast<size_t>(experts));
    std::iota(order_.begin(), order_.end(), 0);
    const auto better = [&](int32_t a, int32_t b) {
      return at(choice_, a) != at(choice_, b) ? at(choice_, a) > at(choice_, b) : a < b;
    };
    std::partial_sort(order_.begin(), order_.begin() + p_.used, order_.end(), better);
    std::copy_n(order_.begin(), p_.used, chosen);
    weigh(weights);
  }

 private:
  static double at(const std::vector<double>& values, int32_t index) { return values[static_cast<size_t>(index)]; }

  // Keeps the groups whose best expert is best, or whose two best are best together.
  void drop_groups() {
    const auto size = static_cast<int64_t>(choice_.size()) / p_.groups;
    std::vector<std::pair<double, int64_t>> groups;
    for (int64_t group = 0; group < p_.groups; ++group) {
      std::vector<double> members(choice_.begin() + group * size, choice_.begin() + (group + 1) * size);
      std::ranges::sort(members, std::greater<>());
      const bool one = p_.groups_by_best || size == 1;
      groups.emplace_back(-(members[0] + (one ? 0 : members[1])), group);
    }
    std::ranges::sort(groups);
    for (int64_t rank = p_.groups_used; rank < p_.groups; ++rank) {
      const int64_t group = groups[static_cast<size_t>(rank)].second;
      std::fill_n(choice_.begin() + group * size, size, -std::numeric_limits<double>::infinity());
    }
  }

  void weigh(float* weights) {
    std::vector<double> values;
    for (int64_t i = 0; i < p_.used; ++i) values.push_back(at(scores_, order_[static_cast<size_t>(i)]));
    if (p_.scores == ExpertScores::softmax_used) softmax(values);
    // As small as f16 can tell from 0: what other programs guard the division with.
    const double sum = p_.normalize ? std::max(std::accumulate(values.begin(), values.end(), 0.0), 0x1p-14) : 1;
    for (int64_t i = 0; i < p_.used; ++i) {
      weights[i] = static_cast<float>(values[static_cast<size_t>(i)] / sum * p_.scale);
    }
  }

  const RouteParameters& p_;
  std::vector<double> scores_, choice_;
  std::vector<int32_t> order_;
};

void route_experts_reference(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RouteParameters*>(call.parameters);
  const TensorView& logits = call.inputs[0].tensor;
  const bool has_bias = call.inputs.size() > 1 && call.inputs[1].given;
  std::vector<float> scratch;
  const float* bias = has_bias ? decoded_row(call.inputs[1].tensor, 0, scratch) : nullptr;
  RowRouter router(parameters);
  const auto [begin, end] = team.share(static_cast<size_t>(logits.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    router.route(logits.floats(row), bias, logits.row_length, call.outputs[0].tensor.ints(row),
                 call.outputs[1].tensor.floats(row));
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, route_experts_reference}};

}  // namespace

const Op route_experts{{"route_experts", "choice of experts and their weights", infer}, resolve, kKernels, -1, 8};

}  // namespace adze::ops
