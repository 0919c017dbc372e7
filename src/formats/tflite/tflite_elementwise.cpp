// lint: foreign names: TFLite, ONNX
// Numbers that follow from the numbers at the same place, and normalizations.
#include <algorithm>
#include <array>
#include <cmath>

#include "codecs/codec.h"
#include "formats/tflite/tflite_families.h"
#include "ops/standard/quantized_numbers.h"

namespace adze::formats {
namespace {

using graph::ValueId;

/// Activations that stand alone, by the table's words.
struct CutRow {
  std::string_view word;
  double least, most;
};
constexpr std::array kCuts = {CutRow{"relu", 0, HUGE_VAL}, CutRow{"relu_n1_to_1", -1, 1}, CutRow{"relu6", 0, 6},
                              CutRow{"relu_0_to_1", 0, 1}};

bool is_float(StorageType type) { return type == &codecs::f32.info || type == &codecs::f16.info; }

/// Two tensors of bytes make a third, each with one scale, which an activation only cuts.
bool is_byte_pair(TfliteStep& s) {
  return s.activation(0) <= TfliteActivation::relu6 && s.has_bytes(s.tensor(0)) && s.has_bytes(s.tensor(1)) &&
         s.has_bytes(s.output_tensor(0));
}

/// Sums in LiteRT's fixed-point arithmetic; of a difference the second scale is negative.
void give_byte_sum(TfliteStep& s, bool is_difference) {
  const TfliteTensor &a = s.tensor(0), &b = s.tensor(1), &y = s.output_tensor(0);
  auto& n = s.nodes();
  const ValueId b_scale =
      is_difference ? n.number(-static_cast<double>(b.scales->scales[0]), &codecs::f32.info) : s.scale_of(b);
  const ValueId sum =
      n.add("QLinearAdd",
            {s.input(0), s.scale_of(a), s.zero_of(a), s.input(1), b_scale, s.zero_of(b), s.scale_of(y), s.zero_of(y)},
            {{"fixed_point", int64_t{1}}});
  s.give(s.activated_integers(sum, s.activation(0)));
}

/// As LiteRT rescales bytes: by a factor of 1/256ths for those at and above the zero point and one for those below;
/// nothing for factors that it does not take. A half is rounded up.
struct ByteRescaling {
  float above, below;

  bool is_possible() const {
    const auto fits = [](float factor) { return std::fabs(factor) >= 0x1p-8f && std::fabs(factor) < 0x1p7f; };
    return fits(above) && fits(below);
  }
  int64_t apply(int64_t number) const {
    return (number * std::lrint(256.0f * (number < 0 ? below : above)) + 128) >> 8;
  }
};

bool is_byte_to_byte(TfliteStep& s) {
  return s.has_bytes(s.tensor(0)) && s.has_bytes(s.output_tensor(0)) &&
         storage_of_tflite(s.tensor(0).type) == storage_of_tflite(s.output_tensor(0).type);
}

/// The quotient of the scales of input and result.
float rescaling_factor(TfliteStep& s) { return s.tensor(0).scales->scales[0] / s.output_tensor(0).scales->scales[0]; }

/// By a table of what becomes of each byte.
void give_rescaled(TfliteStep& s, const ByteRescaling& rescaling) {
  auto& n = s.nodes();
  const StorageType type = storage_of_tflite(s.tensor(0).type);
  const auto limits = ops::integer_limits(HostTensor(type, {}));
  const auto zero_within = [&](const TfliteTensor& tensor) {
    return std::clamp(tensor.scales->zeros[0], static_cast<int64_t>(limits.least), static_cast<int64_t>(limits.most));
  };
  const int64_t zero = zero_within(s.tensor(0)), y_zero = zero_within(s.output_tensor(0));
  HostTensor codes(&codecs::f64.info, {256});
  const auto table = codes.fill<double>();
  for (int64_t i = 0; i < 256; ++i) {
    const int64_t number = i + static_cast<int64_t>(limits.least) - zero;
    table[static_cast<size_t>(i)] = static_cast<double>(rescaling.apply(number) + y_zero);
  }
  // Gather counts negative indices from the end, which are codes from -128 to -1 behind those from 0 to 127.
  if (limits.least < 0) std::ranges::rotate(table, table.begin() + 128);
  s.give(n.add("Gather", {n.constant(ops::round_to_integers(codes, type)), n.cast(s.input(0), &codecs::i32.info)}));
}

}  // namespace

void tflite_same(TfliteStep& s, TfliteName op) { s.give_real(s.nodes().add(op, s.reals())); }

void tflite_binary(TfliteStep& s, TfliteName op) {
  if ((op == "Add" || op == "Sub") && is_byte_pair(s)) return give_byte_sum(s, op == "Sub");
  s.give_real(s.activated(s.nodes().add(op, {s.real(0), s.real(1)}), s.activation(0)));
}

void tflite_compare(TfliteStep& s, TfliteName op) { s.give(s.nodes().add(op, {s.real(0), s.real(1)})); }

void tflite_not_equal(TfliteStep& s, TfliteName) {
  s.give(s.nodes().add("Not", {s.nodes().add("Equal", {s.real(0), s.real(1)})}));
}

void tflite_div(TfliteStep& s, TfliteName op) { tflite_binary(s, op); }

// Rounded down, of integers too; the standard op cuts off.
void tflite_floor_div(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const ValueId a = s.real(0), b = s.real(1);
  if (is_float(n.storage(a))) return s.give_real(n.add("Floor", {n.add("Div", {a, b})}));
  s.give_real(n.add("Div", {n.add("Sub", {a, n.add("Mod", {a, b})}), b}));
}

void tflite_floor_mod(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const ValueId a = s.real(0), b = s.real(1);
  if (!is_float(n.storage(a))) return s.give_real(n.add("Mod", {a, b}));
  s.give_real(n.add("Sub", {a, n.add("Mul", {n.add("Floor", {n.add("Div", {a, b})}), b})}));
}

void tflite_squared_difference(TfliteStep& s, TfliteName) {
  const ValueId difference = s.nodes().add("Sub", {s.real(0), s.real(1)});
  s.give_real(s.nodes().add("Mul", {difference, difference}));
}

void tflite_square(TfliteStep& s, TfliteName) { s.give_real(s.nodes().add("Mul", {s.real(0), s.real(0)})); }

void tflite_rsqrt(TfliteStep& s, TfliteName) {
  s.give_real(s.nodes().add("Reciprocal", {s.nodes().add("Sqrt", {s.real(0)})}));
}

void tflite_add_n(TfliteStep& s, TfliteName op) { s.give_real(s.nodes().add(op, s.reals())); }

void tflite_relu(TfliteStep& s, TfliteName word) {
  auto& n = s.nodes();
  const auto cut = std::ranges::find(kCuts, word, &CutRow::word);
  if (cut->most == HUGE_VAL) return s.give_real(n.add("Relu", {s.real(0)}));
  const ValueId x = s.real(0);
  s.give_real(n.add("Clip", {x, n.number(cut->least, &codecs::f32.info), n.number(cut->most, &codecs::f32.info)}));
}

void tflite_leaky_relu(TfliteStep& s, TfliteName op) {
  const auto slope = s.options().number<float>(0, 0);
  if (is_byte_to_byte(s)) {
    const ByteRescaling rescaling{rescaling_factor(s), rescaling_factor(s) * slope};
    if (rescaling.is_possible()) return give_rescaled(s, rescaling);
  }
  s.give_real(s.nodes().add(op, {s.real(0)}, {{"alpha", static_cast<double>(slope)}}));
}

void tflite_gelu(TfliteStep& s, TfliteName op) {
  const bool by_tanh = s.options().number<uint8_t>(0, 0) != 0;
  s.give_real(s.nodes().add(op, {s.real(0)}, {{"approximate", std::string(by_tanh ? "tanh" : "none")}}));
}

void tflite_softmax(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto beta = s.options().number<float>(0, 0);
  const ValueId x =
      beta == 1 ? s.real(0) : n.add("Mul", {s.real(0), n.number(static_cast<double>(beta), &codecs::f32.info)});
  s.give_real(n.add(op, {x}, {{"axis", int64_t{-1}}}));
}

void tflite_log_softmax(TfliteStep& s, TfliteName op) {
  s.give_real(s.nodes().add(op, {s.real(0)}, {{"axis", int64_t{-1}}}));
}

void tflite_l2_norm(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const ValueId x = s.real(0);
  const ValueId squares = n.add("ReduceSum", {n.add("Mul", {x, x}), n.ints({-1})});
  const ValueId bounded = n.add("Max", {squares, n.number(1e-6 * 1e-6, &codecs::f32.info)});
  s.give_real(s.activated(n.add("Div", {x, n.add("Sqrt", {bounded})}), s.activation(0)));
}

// Over the channels, which lie last here and second in the standard's.
void tflite_local_response(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto radius = s.options().number<int32_t>(0, 0);
  if (radius < 0 || radius > 1 << 20) s.refuse("its radius is out of range");
  const int64_t size = 2 * int64_t{radius} + 1;
  // The standard divides the factor by the number of channels in the window.
  const double alpha = static_cast<double>(s.options().number<float>(2, 0)) * static_cast<double>(size);
  const ValueId turned = n.transpose(s.real(0), {0, 3, 1, 2});
  const ValueId made = n.add(op, {turned},
                             {{"alpha", alpha},
                              {"beta", static_cast<double>(s.options().number<float>(3, 0))},
                              {"bias", static_cast<double>(s.options().number<float>(1, 0))},
                              {"size", size}});
  s.give_real(n.transpose(made, {0, 2, 3, 1}));
}

void tflite_cast(TfliteStep& s, TfliteName) {
  s.give(s.nodes().add("Cast", {s.input(0)},
                       {{"to", ops::element_type_number(storage_of_tflite(s.output_tensor(0).type))}}));
}

void tflite_quantize(TfliteStep& s, TfliteName) {
  if (!s.output_is_quantized()) s.refuse("its output has no scale");
  if (is_byte_to_byte(s)) {
    const ByteRescaling rescaling{rescaling_factor(s), rescaling_factor(s)};
    if (rescaling.is_possible()) return give_rescaled(s, rescaling);
  }
  s.give_real(s.real(0));
}

void tflite_dequantize(TfliteStep& s, TfliteName) {
  if (s.is_quantized(0)) return s.give(s.nodes().add("Identity", {s.real(0)}));
  s.give(s.nodes().add("Cast", {s.input(0)}, {{"to", ops::element_type_number(&codecs::f32.info)}}));
}

// Levels of the given bits between two ends, moved so that 0 is one of them.
void tflite_fake_quant(TfliteStep& s, TfliteName) {
  auto& n = s.nodes();
  const auto least = static_cast<double>(s.options().number<float>(0, 0));
  const auto most = static_cast<double>(s.options().number<float>(1, 0));
  const auto bits = s.options().number<int32_t>(2, 0);
  const double first = s.options().number<uint8_t>(3, 0) != 0 ? 1 : 0;
  if (bits < 2 || bits > 16 || !(least < most)) s.refuse("its levels are no levels");
  const double last = static_cast<double>((int64_t{1} << bits) - 1);
  const double scale = (most - least) / (last - first);
  const double zero = std::clamp(std::round(first - least / scale), first, last);
  const StorageType type = &codecs::f32.info;
  const ValueId low = n.number((first - zero) * scale, type), high = n.number((last - zero) * scale, type);
  const ValueId cut = n.add("Clip", {s.real(0), low, high});
  const ValueId step = n.number(scale, type);
  const ValueId level =
      n.add("Floor", {n.add("Add", {n.add("Div", {n.add("Sub", {cut, low}), step}), n.number(0.5, type)})});
  s.give_real(n.add("Add", {n.add("Mul", {level, step}), low}));
}

// A vector of flags chooses whole rows in the older form.
void tflite_select(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  ValueId flags = s.input(0);
  const auto rank = n.rank(flags), many = n.rank(s.input(1));
  if (rank == 1 && many && *many > 1 && s.dims(0)[0] == s.dims(1)[0] && s.dims(1).back() != s.dims(0)[0]) {
    std::vector<int64_t> dims(*many, 1);
    dims[0] = -1;
    flags = n.reshape(flags, dims);
  }
  s.give_real(n.add(op, {flags, s.real(1), s.real(2)}));
}

}  // namespace adze::formats
