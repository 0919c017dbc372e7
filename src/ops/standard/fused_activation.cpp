#include "ops/standard/fused_activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Kind = FusedActivation::Kind;

struct NamedActivation {
  std::string_view name;
  Kind kind;
  size_t parameters;
};
constexpr std::array kActivations = {
    NamedActivation{"", Kind::none, 0},
    NamedActivation{"Relu", Kind::clip, 0},
    NamedActivation{"Clip", Kind::clip, 2},
    NamedActivation{"LeakyRelu", Kind::leaky_relu, 1},
    NamedActivation{"Sigmoid", Kind::sigmoid, 0},
    NamedActivation{"Tanh", Kind::tanh, 0},
    NamedActivation{"HardSigmoid", Kind::hard_sigmoid, 2},
};

template <typename T>
T activated(const FusedActivation& a, T x) {
  switch (a.kind) {
    case Kind::none:
      return x;
    case Kind::clip:
      return std::min(std::max(x, static_cast<T>(a.alpha)), static_cast<T>(a.beta));
    case Kind::leaky_relu:
      return x < 0 ? x * static_cast<T>(a.alpha) : x;
    case Kind::sigmoid:
      return T{1} / (T{1} + std::exp(-x));
    case Kind::tanh:
      return std::tanh(x);
    case Kind::hard_sigmoid:
      return std::clamp(static_cast<T>(a.alpha) * x + static_cast<T>(a.beta), T{0}, T{1});
  }
  return x;
}

}  // namespace

FusedActivation fused_activation_of(const StandardCall& call) {
  const auto name = call.word("activation", "");
  const auto found = std::ranges::find(kActivations, name, &NamedActivation::name);
  if (found == kActivations.end()) fail(ErrorCode::bad_input, "attribute 'activation' names '{}'", name);
  const auto parameters = call.numbers("activation_params");
  if (parameters.size() < found->parameters) {
    fail(ErrorCode::bad_input, "attribute 'activation_params' needs {} numbers", found->parameters);
  }
  FusedActivation result{found->kind, 0, std::numeric_limits<float>::infinity()};
  if (found->parameters > 0) result.alpha = static_cast<float>(parameters[0]);
  if (found->parameters > 1) result.beta = static_cast<float>(parameters[1]);
  return result;
}

HostTensor apply_activation(const FusedActivation& activation, const HostTensor& x) {
  if (activation.kind == Kind::none) return x;
  return visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<T, T>(x, x.type(), [&](T v) { return activated(activation, v); });
  });
}

}  // namespace adze::ops
