// lint: foreign names: TFLite, ONNX
// Windows over images, which lie [batch, height, width, channels] here, and products of matrices.
//
// Integer convolutions and fully connected layers keep their integer arithmetic: sums in 32 bits with a bias of the
// scale of both factors, rounded once.
#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/tflite/tflite_families.h"

namespace adze::formats {
namespace {

using graph::Attributes;
using graph::ValueId;
using Ints = std::vector<int64_t>;

ValueId channels_second(TfliteStep& s, ValueId x) { return s.nodes().transpose(x, {0, 3, 1, 2}); }
ValueId channels_last(TfliteStep& s, ValueId x) { return s.nodes().transpose(x, {0, 2, 3, 1}); }

Ints pair_of(TfliteStep& s, size_t height, size_t width, int32_t fallback = 0) {
  const Ints pair{s.options().number<int32_t>(height, fallback), s.options().number<int32_t>(width, fallback)};
  if (pair[0] < 1 || pair[1] < 1) fail(ErrorCode::bad_input, "steps or sizes of {} and {}", pair[0], pair[1]);
  return pair;
}

std::string padding_of(TfliteStep& s, size_t field) {
  return s.options().number<int8_t>(field, 0) == 0 ? "SAME_UPPER" : "VALID";
}

/// Sums of products of eight bits, with a bias of 32 bits.
bool is_integer_product(TfliteStep& s) {
  const StorageType weights = storage_of_tflite(s.tensor(1).type);
  return s.has_bytes(s.tensor(0)) && s.has_bytes(s.output_tensor(0)) && s.tensor(1).scales &&
         (weights == &codecs::i8.info || weights == &codecs::u8.info) &&
         (!s.has(2) || storage_of_tflite(s.tensor(2).type) == &codecs::i32.info);
}

/// A convolution of x with the weights [out, in of a group, …] in the standard's order; channels come second.
struct Convolution {
  ValueId x, weights;  // as they are stored
  Attributes attributes;
};

ValueId integer_convolution(TfliteStep& s, const Convolution& c) {
  auto& n = s.nodes();
  const TfliteTensor &x = s.tensor(0), &w = s.tensor(1), &y = s.output_tensor(0);
  StandardNodes::Values inputs{c.x,           s.scale_of(x), s.zero_of(x),  c.weights,
                               s.scale_of(w), s.zero_of(w),  s.scale_of(y), s.zero_of(y)};
  if (s.has(2)) inputs.push_back(s.input(2));
  return n.add("QLinearConv", inputs, c.attributes);
}

/// Weights turned from [out, height, width, in], dequantized where they are integers.
ValueId real_turned(TfliteStep& s, size_t input, const Ints& order) {
  return s.nodes().transpose(s.real(input), order);
}

void give_convolution(TfliteStep& s, const Ints& order, Attributes attributes, size_t activation) {
  auto& n = s.nodes();
  if (is_integer_product(s)) {
    const ValueId made =
        integer_convolution(s, {channels_second(s, s.input(0)), n.transpose(s.input(1), order), std::move(attributes)});
    return s.give(s.activated_integers(channels_last(s, made), s.activation(activation)));
  }
  StandardNodes::Values inputs{channels_second(s, s.real(0)), real_turned(s, 1, order)};
  if (s.has(2)) inputs.push_back(s.real(2));
  const ValueId made = n.add("Conv", inputs, std::move(attributes));
  s.give_real(s.activated(channels_last(s, made), s.activation(activation)));
}

/// The last dimension of the input, or 0 when it is not known.
int64_t channels_of(TfliteStep& s, size_t input) {
  s.rank(input);
  const auto& dims = s.nodes().type(s.input(input)).dims;
  return dims.empty() || !dims.back().is_constant() ? 0 : dims.back().constant();
}

}  // namespace

// Weights: [out, height, width, in of a group].
void tflite_conv(TfliteStep& s, TfliteName) {
  const int64_t in = channels_of(s, 0), of_group = channels_of(s, 1);
  if (of_group < 1 || in < 1 || in % of_group != 0) s.refuse("its channels do not divide into groups");
  give_convolution(s, {0, 3, 1, 2},
                   {{"auto_pad", padding_of(s, 0)},
                    {"strides", pair_of(s, 2, 1)},
                    {"dilations", pair_of(s, 5, 4, 1)},
                    {"group", in / of_group}},
                   3);
}

// Weights: [1, height, width, channels].
void tflite_depthwise_conv(TfliteStep& s, TfliteName) {
  const int64_t in = channels_of(s, 0);
  if (in < 1) s.refuse("the number of channels must be known before it runs");
  give_convolution(s, {3, 0, 1, 2},
                   {{"auto_pad", padding_of(s, 0)},
                    {"strides", pair_of(s, 2, 1)},
                    {"dilations", pair_of(s, 6, 5, 1)},
                    {"group", in}},
                   4);
}

// Inputs: the shape of the output, weights [out, height, width, in], x, perhaps a bias.
void tflite_transpose_conv(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto shape = s.constant_integers(0);
  if (shape.size() != 4) fail(ErrorCode::bad_input, "the output has {} dimensions", shape.size());
  StandardNodes::Values inputs{channels_second(s, s.real(2)), real_turned(s, 1, {3, 0, 1, 2})};
  if (s.has(3)) inputs.push_back(s.real(3));
  const ValueId made = n.add(
      op, inputs,
      {{"auto_pad", padding_of(s, 0)}, {"strides", pair_of(s, 2, 1)}, {"output_shape", Ints{shape[1], shape[2]}}});
  s.give_real(s.activated(channels_last(s, made), s.activation(3)));
}

// Weights: [out, in]. Integers are a convolution of images of one pixel.
void tflite_fully_connected(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto weights = s.dims(1);
  if (weights.size() != 2) fail(ErrorCode::bad_input, "weights of {} dimensions", weights.size());
  if (s.options().number<int8_t>(1, 0) != 0) s.refuse("shuffled weights");
  const bool keeps_shape = s.options().number<uint8_t>(2, 0) != 0;
  const auto shaped = [&](ValueId rows) {
    if (!keeps_shape || n.rank(s.input(0)) == 2) return rows;
    const ValueId before = n.slice(n.add("Shape", {s.input(0)}), 0, 0, -1);
    return n.add("Reshape", {rows, n.concat({before, n.ints({weights[0]})}, 0)});
  };
  if (is_integer_product(s)) {
    const ValueId pixels = n.reshape(s.input(0), {-1, weights[1], 1, 1});
    const ValueId kernels = n.reshape(s.input(1), {weights[0], weights[1], 1, 1});
    const ValueId rows = n.reshape(integer_convolution(s, {pixels, kernels, {}}), {-1, weights[0]});
    return s.give(shaped(s.activated_integers(rows, s.activation(0))));
  }
  const ValueId x = n.rank(s.input(0)) == 2 && s.nodes().type(s.input(0)).dims[1] == graph::Dim(weights[1])
                        ? s.real(0)
                        : n.reshape(s.real(0), {-1, weights[1]});
  ValueId rows = n.add(op, {x, n.transpose(s.real(1), {1, 0})});
  if (s.has(2)) rows = n.add("Add", {rows, s.real(2)});
  s.give_real(shaped(s.activated(rows, s.activation(0))));
}

void tflite_batch_mat_mul(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const auto turned = [&](size_t input, bool turn) {
    const ValueId x = s.real(input);
    const int64_t rank = s.rank(input);
    if (!turn || rank < 2) return x;
    Ints order(static_cast<size_t>(rank));
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    return n.transpose(x, order);
  };
  const bool turn_a = s.options().number<uint8_t>(0, 0) != 0, turn_b = s.options().number<uint8_t>(1, 0) != 0;
  s.give_real(n.add(op, {turned(0, turn_a), turned(1, turn_b)}));
}

// The mean of codes is that of what they stand for; LiteRT rounds a half away from 0.
ValueId average_of_codes(TfliteStep& s, const Attributes& attributes) {
  auto& n = s.nodes();
  const StorageType type = storage_of_tflite(s.tensor(0).type);
  const ValueId codes = n.cast(channels_second(s, s.input(0)), &codecs::f32.info);
  const ValueId mean = n.add("AveragePool", {codes}, attributes);
  const ValueId half = n.add("Mul", {n.add("Sign", {mean}), n.number(0.5, &codecs::f32.info)});
  return channels_last(s, n.cast(n.add("Add", {mean, half}), type));  // the cast cuts off
}

void tflite_pool(TfliteStep& s, TfliteName op) {
  auto& n = s.nodes();
  const Attributes attributes{
      {"auto_pad", padding_of(s, 0)}, {"strides", pair_of(s, 2, 1)}, {"kernel_shape", pair_of(s, 4, 3)}};
  if (op == "MaxPool" && s.is_quantized(0) && s.same_scales(0)) {
    const ValueId made = channels_last(s, n.add(op, {channels_second(s, s.input(0))}, attributes));
    return s.give(s.activated_integers(made, s.activation(5)));
  }
  if (op == "AveragePool" && s.activation(5) <= TfliteActivation::relu6 && s.has_bytes(s.tensor(0)) &&
      s.same_scales(0)) {
    return s.give(s.activated_integers(average_of_codes(s, attributes), s.activation(5)));
  }
  const ValueId made = n.add(op, {channels_second(s, s.real(0))}, attributes);
  s.give_real(s.activated(channels_last(s, made), s.activation(5)));
}

// Options of the two differ in their places only.
void tflite_resize(TfliteStep& s, TfliteName mode) {
  auto& n = s.nodes();
  const size_t first = mode == "linear" ? 2 : 0;
  const bool by_corners = s.options().number<uint8_t>(first, 0) != 0,
             half = s.options().number<uint8_t>(first + 1, 0) != 0;
  std::string coordinates = by_corners ? "align_corners" : (half ? "half_pixel" : "asymmetric");
  if (mode == "nearest" && half && !by_corners) coordinates = "tf_half_pixel_for_nn";
  const std::string nearest = by_corners ? "round_prefer_ceil" : "floor";
  const ValueId none = graph::kNoValue;
  s.give_real(n.add("Resize", {s.real(0), none, none, s.integer_list(1)},
                    {{"mode", std::string(mode)},
                     {"coordinate_transformation_mode", coordinates},
                     {"nearest_mode", nearest},
                     {"axes", Ints{1, 2}}}));
}

}  // namespace adze::formats
