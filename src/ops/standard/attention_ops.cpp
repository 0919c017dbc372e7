// Attention and the rotation of its heads.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/join_tensors.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

HostTensor swap_middle(const HostTensor& x) {
  auto dims = x.dims();
  auto strides = strides_of(dims);
  std::swap(dims[1], dims[2]);
  std::swap(strides[1], strides[2]);
  return copy_view(x, {dims, strides, 0});
}

/// [batch, heads, length, size]; three dimensions are [batch, length, heads * size].
HostTensor in_heads(const HostTensor& x, int64_t heads) {
  require_rank(x, 3, 4);
  if (x.rank() == 4) return x;
  if (heads < 1 || x.dim(2) % heads != 0) fail(ErrorCode::bad_input, "{} in {} heads", x.description(), heads);
  return swap_middle(x.reshaped({x.dim(0), x.dim(1), heads, x.dim(2) / heads}));
}

HostTensor in_floats_of(const HostTensor& f64, StorageType type) {
  if (type == &codecs::f64.info) return f64;
  return map_each<double, float>(f64, &codecs::f32.info, [](double v) { return static_cast<float>(v); });
}

/// Everything in f64: queries, keys and values in heads, and what is added to their products.
struct AttentionInputs {
  HostTensor q, k, v;
  HostTensor bias;  // broadcast to [batch, heads, queries, keys]
  double scale = 1, soft_cap = 0;
  int64_t batch() const { return q.dim(0); }
  int64_t heads() const { return q.dim(1); }
  int64_t queries() const { return q.dim(2); }
  int64_t keys() const { return k.dim(2); }
};

/// A mask as numbers to add; keys that it does not reach are hidden.
HostTensor additive_mask(const HostTensor& mask, int64_t keys) {
  HostTensor wide =
      mask.type() == &codecs::boolean.info
          ? map_each<uint8_t, double>(mask, &codecs::f64.info, [](uint8_t on) { return on ? 0 : -HUGE_VAL; })
          : to_f64(mask);
  require_rank(wide, 1);
  const int64_t length = wide.dims().back();
  if (length == keys || length == 1) return wide;
  if (length > keys) fail(ErrorCode::bad_input, "a mask {} for {} keys", mask.description(), keys);
  auto dims = wide.dims();
  dims.back() = keys;
  HostTensor result(&codecs::f64.info, dims);
  for (int64_t i = 0; i < result.count(); ++i) {
    const int64_t at = i % keys;
    result.fill<double>()[static_cast<size_t>(i)] =
        at < length ? wide.numbers<double>()[static_cast<size_t>(i / keys * length + at)] : -HUGE_VAL;
  }
  return result;
}

HostTensor attention_bias(const StandardCall& call, const AttentionInputs& in, int64_t past) {
  const Dims dims{in.batch(), in.heads(), in.queries(), in.keys()};
  HostTensor bias = zeros(&codecs::f64.info, dims);
  if (call.has(3)) {
    const HostTensor mask = broadcast_to(additive_mask(call.tensor(3), in.keys()), dims);
    bias = HostTensor::of<double>(&codecs::f64.info, dims, mask.numbers<double>());
  }
  const auto lengths = call.integers_of(6);
  if (lengths && static_cast<int64_t>(lengths->size()) != in.batch())
    fail(ErrorCode::bad_input, "one length a batch is needed");
  const bool causal = call.integer("is_causal", 0) != 0;
  for (int64_t i = 0; i < bias.count(); ++i) {
    const int64_t key = i % in.keys(), query = i / in.keys() % in.queries(), batch = i / (bias.count() / in.batch());
    const int64_t length = lengths ? (*lengths)[static_cast<size_t>(batch)] : in.keys();
    const int64_t offset = lengths ? length - in.queries() : past;
    if (key >= length || (causal && key > query + offset)) bias.fill<double>()[static_cast<size_t>(i)] = -HUGE_VAL;
  }
  return bias;
}

/// Softmax over the keys; a row of which all keys are hidden is 0.
void softmax_row(double* row, const double* bias, int64_t count) {
  double top = -HUGE_VAL, sum = 0;
  bool all_hidden = true;
  for (int64_t i = 0; i < count; ++i) {
    top = std::fmax(top, row[i]);
    all_hidden &= bias[i] == -HUGE_VAL;
  }
  for (int64_t i = 0; i < count; ++i) sum += row[i] = all_hidden ? 0 : std::exp(row[i] - (std::isinf(top) ? 0 : top));
  for (int64_t i = 0; i < count && sum != 0; ++i) row[i] /= sum;
}

struct AttentionResult {
  HostTensor y, shown;
};

/// `shown`: the products before or behind the cap, with the bias, or as shares.
AttentionResult attend(const AttentionInputs& in, int64_t shown_stage) {
  const int64_t q = in.queries(), k = in.keys(), size = in.q.dim(3), width = in.v.dim(3),
                group = in.heads() / in.k.dim(1);
  AttentionResult result{zeros(&codecs::f64.info, {in.batch(), in.heads(), q, width}),
                         HostTensor(&codecs::f64.info, {in.batch(), in.heads(), q, k})};
  std::vector<double> row(static_cast<size_t>(k));
  for (int64_t at = 0; at < in.batch() * in.heads() * q; ++at) {
    const int64_t head = at / q, own = head / in.heads() * in.k.dim(1) + head % in.heads() / group;
    const double* query = in.q.numbers<double>().data() + at * size;
    const double* bias = in.bias.numbers<double>().data() + at * k;
    double* shown = result.shown.fill<double>().data() + at * k;
    for (int64_t j = 0; j < k; ++j) {
      const double* key = in.k.numbers<double>().data() + (own * k + j) * size;
      double sum = 0;
      for (int64_t i = 0; i < size; ++i) sum += query[i] * key[i];
      sum *= in.scale;
      if (shown_stage == 0) shown[j] = sum;
      if (in.soft_cap > 0) sum = in.soft_cap * std::tanh(sum / in.soft_cap);
      row[static_cast<size_t>(j)] = sum + bias[j];
      if (shown_stage == 1) shown[j] = sum;
      if (shown_stage == 2) shown[j] = sum + bias[j];
    }
    softmax_row(row.data(), bias, k);
    if (shown_stage == 3) std::ranges::copy(row, shown);
    double* to = result.y.fill<double>().data() + at * width;
    for (int64_t j = 0; j < k; ++j) {
      const double* value = in.v.numbers<double>().data() + (own * k + j) * width;
      for (int64_t i = 0; i < width; ++i) to[i] += row[static_cast<size_t>(j)] * value[i];
    }
  }
  return result;
}

HostTensor behind_past(const StandardCall& call, size_t past, const HostTensor& current) {
  if (!call.has(past)) return current;
  return join_tensors(std::array{to_f64(call.tensor(past)), current}, 2);
}

void check_attention(const AttentionInputs& in) {
  const int64_t heads = in.k.dim(1);
  const bool fits = in.k.dim(0) == in.batch() && in.v.dim(0) == in.batch() && in.v.dim(1) == heads &&
                    in.v.dim(2) == in.keys() && in.k.dim(3) == in.q.dim(3) && heads > 0 && in.heads() % heads == 0;
  if (!fits) {
    fail(ErrorCode::bad_input, "queries {}, keys {} and values {} do not fit", in.q.description(), in.k.description(),
         in.v.description());
  }
}

HostValues evaluate_attention(const StandardCall& call) {
  const StorageType type = call.tensor(0).type();
  const int64_t past = call.has(4) ? (require_rank(call.tensor(4), 4, 4), call.tensor(4).dim(2)) : 0;
  const int64_t own_heads = call.integer("kv_num_heads", 0);
  AttentionInputs in;
  in.q = in_heads(to_f64(call.tensor(0)), call.integer("q_num_heads", 0));
  in.k = behind_past(call, 4, in_heads(to_f64(call.tensor(1)), own_heads));
  in.v = behind_past(call, 5, in_heads(to_f64(call.tensor(2)), own_heads));
  check_attention(in);
  in.scale = call.number("scale", 1 / std::sqrt(static_cast<double>(in.q.dim(3))));
  in.soft_cap = call.number("softcap", 0);
  in.bias = attention_bias(call, in, past);
  const auto result = attend(in, call.integer("qk_matmul_output_mode", 0));
  HostTensor y = result.y;
  if (call.tensor(0).rank() == 3) y = swap_middle(y).reshaped({in.batch(), in.queries(), in.heads() * in.v.dim(3)});
  return {in_floats_of(y, type), in_floats_of(in.k, type), in_floats_of(in.v, type), in_floats_of(result.shown, type)};
}

/// Where ONNX Runtime's form does not say how many there are, the cosines say how wide they are.
int64_t heads_to_rotate(const StandardCall& call, const HostTensor& cosines) {
  const HostTensor& x = call.tensor(0);
  const int64_t given = call.integer("num_heads", 0), width = cosines.rank() == 0 ? 0 : 2 * cosines.dims().back();
  return given != 0 || x.rank() != 3 || width == 0 ? given : x.dims().back() / width;
}

/// One position is that of the first token of every sequence.
std::vector<int64_t> counted_from(int64_t first, int64_t batch, int64_t length) {
  std::vector<int64_t> positions;
  for (int64_t token = 0; token < batch * length; ++token) positions.push_back(first + token % length);
  return positions;
}

/// Pairs of numbers of each head turned by angles, given as cosines and sines of [positions, pairs] or for each token.
HostValues evaluate_rotary_embedding(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const bool in_four = x.rank() == 4, interleaved = call.integer("interleaved", 0) != 0;
  const HostTensor cosines = to_f64(call.tensor(1)), sines = to_f64(call.tensor(2));
  const HostTensor heads = in_heads(to_f64(x), heads_to_rotate(call, cosines));
  const int64_t batch = heads.dim(0), length = heads.dim(2), size = heads.dim(3);
  const int64_t turned = call.integer("rotary_embedding_dim", 0), rotated = turned == 0 ? size : turned,
                pairs = rotated / 2;
  auto positions = call.integers_of(3);
  if (positions && positions->size() == 1) positions = counted_from(positions->front(), batch, length);
  if (rotated > size || rotated < 0 || cosines.dims() != sines.dims() || cosines.rank() == 0 ||
      cosines.dims().back() != pairs) {
    fail(ErrorCode::bad_input, "angles {} for heads of {}", call.tensor(1).description(), size);
  }
  const int64_t rows = pairs == 0 ? 0 : cosines.count() / pairs;
  if (positions ? static_cast<int64_t>(positions->size()) != batch * length : rows != batch * length) {
    fail(ErrorCode::bad_input, "one position a token is needed");
  }
  HostTensor result = HostTensor::of<double>(&codecs::f64.info, heads.dims(), heads.numbers<double>());
  for (int64_t head = 0; head < batch * heads.dim(1) * length; ++head) {
    const int64_t token = head / (heads.dim(1) * length) * length + head % length;
    const int64_t row = positions ? (*positions)[static_cast<size_t>(token)] : token;
    if (row < 0 || row >= rows) fail(ErrorCode::bad_input, "there is no position {}", row);
    double* numbers = result.fill<double>().data() + head * size;
    for (int64_t i = 0; i < pairs; ++i) {
      double &a = numbers[interleaved ? 2 * i : i], &b = numbers[interleaved ? 2 * i + 1 : i + pairs];
      const double c = cosines.numbers<double>()[static_cast<size_t>(row * pairs + i)];
      const double s = sines.numbers<double>()[static_cast<size_t>(row * pairs + i)], old = a;
      a = c * old - s * b;
      b = s * old + c * b;
    }
  }
  if (!in_four) result = swap_middle(result).reshaped(x.dims());
  return {in_floats_of(result, x.type())};
}

constexpr std::array kOps = {
    StandardOp{{"Attention", "queries that look keys up, with their past", infer_storage}, evaluate_attention},
    StandardOp{{"RotaryEmbedding", "heads turned by their position", infer_same}, evaluate_rotary_embedding},
};

}  // namespace

std::span<const StandardOp> attention_ops() { return kOps; }

}  // namespace adze::ops
