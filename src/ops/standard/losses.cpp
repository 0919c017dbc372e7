// How far predictions are from what is right.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

HostTensor like(const HostTensor& wide, const HostTensor& type_of) {
  return visit_floats(type_of, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<double, T>(wide, type_of.type(), [](double v) { return static_cast<T>(v); });
  });
}

/// log softmax over the classes, dimension 1, in f64.
HostTensor log_probabilities(const HostTensor& scores) {
  HostTensor result = HostTensor::of<double>(&codecs::f64.info, scores.dims(), to_f64(scores).numbers<double>());
  const AxisLines lines(scores.dims(), 1);
  double* numbers = result.fill<double>().data();
  lines.each([&](int64_t first) {
    double top = -HUGE_VAL, sum = 0;
    const int64_t end = first + lines.length * lines.inner;
    for (int64_t i = first; i < end; i += lines.inner) top = std::max(top, numbers[i]);
    for (int64_t i = first; i < end; i += lines.inner) sum += std::exp(numbers[i] - top);
    for (int64_t i = first; i < end; i += lines.inner) numbers[i] -= top + std::log(sum);
  });
  return result;
}

/// -log p of each target, weighted; then the sum, or the mean by weights.
HostTensor negative_log_likelihood(const StandardCall& call, const HostTensor& logs) {
  const AxisLines lines(logs.dims(), 1);
  const auto targets = read_integers(call.tensor(1));
  auto dims = logs.dims();
  dims.erase(dims.begin() + 1);
  if (call.tensor(1).dims() != dims) {
    fail(ErrorCode::bad_input, "targets {} for {}", call.tensor(1).description(), logs.description());
  }
  const HostTensor weights = call.has(2) ? to_f64(call.tensor(2)) : HostTensor();
  if (call.has(2) && weights.count() != lines.length) fail(ErrorCode::bad_input, "one weight a class is needed");
  const bool ignores = call.node.attributes.contains("ignore_index");
  const int64_t ignored = call.integer("ignore_index", 0);
  HostTensor losses = zeros(&codecs::f64.info, dims);
  double sum = 0, weight_sum = 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    const int64_t target = targets[i];
    if (ignores && target == ignored) continue;
    if (target < 0 || target >= lines.length) fail(ErrorCode::bad_input, "there is no class {}", target);
    const int64_t outer = static_cast<int64_t>(i) / lines.inner, inner = static_cast<int64_t>(i) % lines.inner;
    const double weight = weights.type() ? weights.numbers<double>()[static_cast<size_t>(target)] : 1;
    const double log =
        logs.numbers<double>()[static_cast<size_t>((outer * lines.length + target) * lines.inner + inner)];
    losses.fill<double>()[i] = -weight * log;
    sum += -weight * log;
    weight_sum += weight;
  }
  const auto reduction = call.word("reduction", "mean");
  if (reduction == "none") return losses;
  if (reduction != "sum" && reduction != "mean")
    fail(ErrorCode::bad_input, "attribute 'reduction' must be none, sum or mean");
  const std::array total{reduction == "sum" ? sum : sum / weight_sum};
  return HostTensor::of<double>(&codecs::f64.info, {}, total);
}

HostValues evaluate_negative_log_likelihood(const StandardCall& call) {
  require_rank(call.tensor(0), 2);
  return {like(negative_log_likelihood(call, to_f64(call.tensor(0))), call.tensor(0))};
}

HostValues evaluate_softmax_cross_entropy(const StandardCall& call) {
  require_rank(call.tensor(0), 2);
  const HostTensor logs = log_probabilities(call.tensor(0));
  return {like(negative_log_likelihood(call, logs), call.tensor(0)), like(logs, call.tensor(0))};
}

constexpr std::array kOps = {
    StandardOp{{"NegativeLogLikelihoodLoss", "-log p of the right classes", infer_storage},
               evaluate_negative_log_likelihood},
    StandardOp{{"SoftmaxCrossEntropyLoss", "the same of scores, and log p", infer_storage},
               evaluate_softmax_cross_entropy},
};

}  // namespace

std::span<const StandardOp> loss_ops() { return kOps; }

}  // namespace adze::ops
