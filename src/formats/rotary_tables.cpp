#include "formats/rotary_tables.h"

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "codecs/codec.h"
#include "ops/rotary_angles/rotary_angles.h"

namespace adze::formats {
namespace {

/// Frequencies of the first `short_rows` rows and of those behind them.
struct Frequencies {
  std::vector<double> first;
  std::vector<double> others;
  double magnitude;
  int64_t short_rows;
};

using Wave = double (*)(double);

class TableRows final : public model::TensorSource {
 public:
  TableRows(std::shared_ptr<const Frequencies> frequencies, Wave wave)
      : frequencies_(std::move(frequencies)), wave_(wave) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const Frequencies& f = *frequencies_;
    const size_t pairs = f.others.size();
    scratch.resize(static_cast<size_t>(count) * pairs * sizeof(float));
    auto* out = reinterpret_cast<float*>(scratch.data());
    for (int64_t row = first; row < first + count; ++row) {
      const bool is_short = row < f.short_rows;
      const auto position = static_cast<double>(is_short ? row : row - f.short_rows);
      for (const double frequency : is_short ? f.first : f.others) {
        *out++ = static_cast<float>(wave_(position * frequency) * f.magnitude);
      }
    }
    return scratch;
  }
  std::string where() const override { return "rotary angles"; }

 private:
  const std::shared_ptr<const Frequencies> frequencies_;
  const Wave wave_;
};

std::vector<double> divided(std::vector<double> frequencies, const model::Tensor& factors) {
  const auto values = model::decode_all(factors);
  for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= static_cast<double>(values.at(i));
  return frequencies;
}

}  // namespace

RotaryTables rotary_tables(const graph::Graph& graph, const graph::Node& node, const model::Model& model,
                           int64_t context) {
  const auto resolved = ops::op_of(node).resolve(node);
  const auto& parameters = *static_cast<const ops::RotaryAnglesParameters*>(resolved.get());
  const auto factors = [&](size_t input) -> const model::Tensor* {
    if (input >= node.inputs.size() || node.inputs[input] == graph::kNoValue) return nullptr;
    return &model.tensors.at(graph.value(node.inputs[input]).name);
  };
  auto frequencies = std::make_shared<Frequencies>(
      Frequencies{parameters.frequencies, parameters.frequencies, parameters.magnitude, 0});
  if (const auto* usual = factors(1)) frequencies->first = frequencies->others = divided(frequencies->others, *usual);
  if (const auto* far = factors(2); far && context > parameters.original_context) {
    frequencies->others = divided(parameters.frequencies, *far);
    frequencies->short_rows = parameters.original_context;
  }
  const auto pairs = static_cast<int64_t>(parameters.frequencies.size());
  const Shape shape{frequencies->short_rows + context, pairs};
  const auto table = [&](const char* name, Wave wave) {
    return model::Tensor{name, shape, &codecs::f32.info, std::make_shared<TableRows>(frequencies, wave)};
  };
  return {table("cosines", std::cos), table("sines", std::sin), frequencies->short_rows};
}

}  // namespace adze::formats
