// Truths: comparing, logic, choosing.
#include <array>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

template <typename Function>
HostTensor compare_texts(const HostTensor& a, const HostTensor& b, Function function) {
  const auto shape = broadcast_dims(a.dims(), b.dims());
  const auto left = broadcast_to(a, shape), right = broadcast_to(b, shape);
  HostTensor result(&codecs::boolean.info, shape);
  const auto to = result.fill<uint8_t>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = function(left.texts()[i], right.texts()[i]);
  return result;
}

template <auto kFunction>
HostValues compared(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  require_type(b, a.type());
  if (a.is_text()) return {compare_texts(a, b, kFunction)};
  return only_result(visit_numbers_and_flags(a, [&](auto tag) {
    return map_pairs<typename decltype(tag)::type, uint8_t>(a, b, &codecs::boolean.info, kFunction);
  }));
}

constexpr auto kEqual = [](const auto& a, const auto& b) { return a == b; };
constexpr auto kLess = [](const auto& a, const auto& b) { return a < b; };
constexpr auto kGreater = [](const auto& a, const auto& b) { return a > b; };
constexpr auto kLessOrEqual = [](const auto& a, const auto& b) { return a <= b; };
constexpr auto kGreaterOrEqual = [](const auto& a, const auto& b) { return a >= b; };
constexpr auto kAnd = [](uint8_t a, uint8_t b) { return a && b; };
constexpr auto kOr = [](uint8_t a, uint8_t b) { return a || b; };
constexpr auto kXor = [](uint8_t a, uint8_t b) { return !a != !b; };

template <auto kFunction>
HostValues of_flags(const StandardCall& call) {
  const HostTensor &a = call.tensor(0), &b = call.tensor(1);
  require_type(a, &codecs::boolean.info);
  require_type(b, &codecs::boolean.info);
  return {map_pairs<uint8_t, uint8_t>(a, b, a.type(), kFunction)};
}

HostValues evaluate_where(const StandardCall& call) {
  const HostTensor &condition = call.tensor(0), &yes = call.tensor(1), &no = call.tensor(2);
  require_type(condition, &codecs::boolean.info);
  require_type(no, yes.type());
  const auto shape = broadcast_dims(std::array{&condition, &yes, &no});
  const auto chosen = broadcast_to(condition, shape), a = broadcast_to(yes, shape), b = broadcast_to(no, shape);
  const auto flags = chosen.numbers<uint8_t>();
  if (yes.is_text()) {
    auto texts = b.texts();
    for (size_t i = 0; i < texts.size(); ++i) texts[i] = flags[i] ? a.texts()[i] : texts[i];
    return {HostTensor(std::move(texts), shape)};
  }
  HostTensor result(yes.type(), shape);
  const size_t width = yes.element_bytes();
  for (size_t i = 0; i < flags.size(); ++i) {
    const auto from = (flags[i] ? a : b).bytes().subspan(i * width, width);
    std::copy(from.begin(), from.end(), result.fill_bytes().begin() + static_cast<std::ptrdiff_t>(i * width));
  }
  return only_result(std::move(result));
}

Types infer_where(const graph::NodeTypes& node) { return infer_broadcast_as(node, storage_of_input(node, 1)); }

constexpr std::array kOps = {
    StandardOp{{"Equal", "a == b", infer_broadcast_flags}, compared<kEqual>},
    StandardOp{{"Less", "a < b", infer_broadcast_flags}, compared<kLess>},
    StandardOp{{"Greater", "a > b", infer_broadcast_flags}, compared<kGreater>},
    StandardOp{{"LessOrEqual", "a <= b", infer_broadcast_flags}, compared<kLessOrEqual>},
    StandardOp{{"GreaterOrEqual", "a >= b", infer_broadcast_flags}, compared<kGreaterOrEqual>},
    StandardOp{{"And", "both", infer_broadcast_flags}, of_flags<kAnd>},
    StandardOp{{"Or", "one or both", infer_broadcast_flags}, of_flags<kOr>},
    StandardOp{{"Xor", "one but not both", infer_broadcast_flags}, of_flags<kXor>},
    StandardOp{{"Where", "a where it is true, else b", infer_where}, evaluate_where, NarrowFloats::as_is},
};

}  // namespace

std::span<const StandardOp> compare_ops() { return kOps; }

}  // namespace adze::ops
