#include "ops/rotary_angles/rotary_angles.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/decode_row.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 3);
  const auto& batch = require_input(node, 0, graph::ValueKind::batch, "batch");
  const int64_t dims = graph::int_attribute(node.node, "rotary_dims");
  if (dims <= 0 || dims % 2 != 0) fail(ErrorCode::bad_input, "rotary_dims must be even and positive, but is {}", dims);
  for (size_t index = 1; index < node.inputs.size(); ++index) {
    if (!has_input(node, index)) continue;
    const auto& factors = require_weight(node, index, 1, "frequency factors");
    require_equal_dims(factors.dims[0], graph::Dim(dims / 2), "rotary_dims / 2 and frequency factors");
  }
  return {graph::ValueType::tensor(&codecs::f32.info, {batch.dims[0], graph::Dim(dims)})};
}

struct Yarn {
  double low;   // pairs below keep their frequency (extrapolation)
  double high;  // pairs above are slowed down by the factor (interpolation)
};

// The pair whose wavelength makes `rotations` turns over the original context (Peng et al. 2023, YaRN).
double pair_with_rotations(double rotations, double dims, double base, double original_context) {
  return dims * std::log(original_context / (rotations * 2 * std::numbers::pi)) / (2 * std::log(base));
}

Yarn yarn_range(const graph::Node& node, double dims, double base) {
  const double context = graph::number_attribute(node, "original_context");
  const double fast = graph::number_attribute_or(node, "beta_fast", 32);
  const double slow = graph::number_attribute_or(node, "beta_slow", 1);
  const bool truncate = graph::int_attribute_or(node, "truncate", 1) != 0;
  const double low = pair_with_rotations(fast, dims, base, context);
  const double high = pair_with_rotations(slow, dims, base, context);
  return {std::max(truncate ? std::floor(low) : low, 0.0), std::min(truncate ? std::ceil(high) : high, dims - 1)};
}

double yarn_share_kept(const Yarn& range, double pair) {
  const double ramp = (pair - range.low) / std::max(0.001, range.high - range.low);
  return 1.0 - std::clamp(ramp, 0.0, 1.0);
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  const auto dims = static_cast<double>(graph::int_attribute(node, "rotary_dims"));
  const double base = graph::number_attribute(node, "base");
  const auto scaling = graph::string_attribute_or(node, "scaling", "none");
  const double factor = graph::number_attribute_or(node, "factor", 1);
  auto parameters = std::make_shared<RotaryAnglesParameters>();
  parameters->original_context = static_cast<int64_t>(graph::number_attribute_or(node, "original_context", 0));
  parameters->magnitude = graph::number_attribute_or(node, "magnitude", 1);
  const Yarn range = scaling == "yarn" ? yarn_range(node, dims, base) : Yarn{};
  for (double pair = 0; pair < dims / 2; ++pair) {
    const double frequency = std::pow(base, -2 * pair / dims);
    double kept = 1;
    if (scaling == "linear") kept = 0;
    if (scaling == "yarn") kept = yarn_share_kept(range, pair);
    parameters->frequencies.push_back(frequency * kept + frequency / factor * (1 - kept));
  }
  return parameters;
}

const float* factors_for(const KernelCall& call, int64_t original_context, std::vector<float>& scratch) {
  const auto given = [&](size_t index) { return call.inputs.size() > index && call.inputs[index].given; };
  const size_t index = given(2) && call.inputs[0].batch->context > original_context ? 2 : 1;
  return given(index) ? decoded_row(call.inputs[index].tensor, 0, scratch) : nullptr;
}

void rotary_angles_reference(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RotaryAnglesParameters*>(call.parameters);
  const BatchView& batch = *call.inputs[0].batch;
  std::vector<float> scratch;
  const float* factors = factors_for(call, parameters.original_context, scratch);
  const auto [begin, end] = team.share(batch.positions.size());
  for (size_t row = begin; row < end; ++row) {
    float* out = call.outputs[0].tensor.floats(static_cast<int64_t>(row));
    for (size_t i = 0; i < parameters.frequencies.size(); ++i) {
      const double frequency = parameters.frequencies[i] / (factors ? static_cast<double>(factors[i]) : 1.0);
      const double angle = batch.positions[row] * frequency;
      out[2 * i] = static_cast<float>(std::cos(angle) * parameters.magnitude);
      out[2 * i + 1] = static_cast<float>(std::sin(angle) * parameters.magnitude);
    }
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, rotary_angles_reference}};

}  // namespace

const Op rotary_angles{{"rotary_angles", "cosine and sine of every rotary angle", infer}, resolve, kKernels, -1, 4};

}  // namespace adze::ops
