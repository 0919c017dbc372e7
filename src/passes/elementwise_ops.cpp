#include "passes/elementwise_ops.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "passes/value_uses.h"

namespace adze::passes {
namespace {

constexpr std::array<std::string_view, 25> kFunctions = {
    "Abs",        "Ceil",        "Clip",      "DequantizeLinear", "Elu",      "Erf",      "Exp",  "Floor",
    "Gelu",       "HardSigmoid", "HardSwish", "LeakyRelu",        "Log",      "Mish",     "Neg",  "QuantizeLinear",
    "Reciprocal", "Relu",        "Selu",      "Sigmoid",          "Softplus", "Softsign", "Sqrt", "Swish",
    "Tanh",
};
constexpr std::array<std::string_view, 6> kPairs = {"Add", "Div", "Max", "Min", "Mul", "Sub"};

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::optional<std::vector<size_t>> inputs_with_axes(const graph::Node& node) {
  const auto name = standard_name(node);
  if (is_one_of(name, kFunctions)) return std::vector<size_t>{0};
  if (is_one_of(name, kPairs) && node.inputs.size() == 2) return std::vector<size_t>{0, 1};
  if (name == "QLinearAdd" && node.inputs.size() == 8) return std::vector<size_t>{0, 3};
  if (name != "Concat") return std::nullopt;
  std::vector<size_t> all(node.inputs.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace adze::passes
