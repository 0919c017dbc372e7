// lint: foreign names: ONNX Runtime
// Fused ops of language models as ONNX Runtime has them in its domain com.microsoft.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/index_position.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

const StorageType kF32 = &codecs::f32.info;

HostTensor to_f32(const HostTensor& x) {
  if (x.type() == kF32) return x;
  return map_each<double, float>(to_f64(x), kF32, [](double v) { return static_cast<float>(v); });
}

/// Code `at` of a row of packed bytes, the first in the low bits.
unsigned packed_code(const uint8_t* row, int64_t at, int64_t bits) {
  const int64_t in_a_byte = 8 / bits;
  return static_cast<unsigned>(row[at / in_a_byte] >> (at % in_a_byte * bits)) & ((1u << bits) - 1);
}

float middle_code(int64_t bits) { return static_cast<float>(1 << (bits - 1)); }

int64_t checked_bits(const StandardCall& call) {
  const int64_t bits = call.integer("bits", 4);
  if (bits != 2 && bits != 4 && bits != 8) fail(ErrorCode::unsupported, "codes of {} bits", bits);
  return bits;
}

constexpr int64_t kLargestBlock = 1 << 20;

struct BlockGrid {
  int64_t rows, blocks;  // of each row
  int64_t bits;          // of a code
};

/// One for each block: packed as codes are (u8), numbers of another type, or one for all where the input is omitted.
class ZeroPoints {
 public:
  ZeroPoints(const StandardCall& call, size_t input, const BlockGrid& grid, float otherwise)
      : bits_(grid.bits), otherwise_(otherwise) {
    if (!call.has(input)) return;
    const HostTensor& given = call.tensor(input);
    const bool is_packed = given.type() == &codecs::u8.info;
    row_ = is_packed ? (grid.blocks * grid.bits + 7) / 8 : grid.blocks;
    if (given.count() != grid.rows * row_) fail(ErrorCode::bad_input, "zero points {} do not fit", given.description());
    (is_packed ? packed_ : numbers_) = is_packed ? given : to_f32(given);
  }

  float at(int64_t row, int64_t block) const {
    if (numbers_.type()) return numbers_.numbers<float>()[static_cast<size_t>(row * row_ + block)];
    if (!packed_.type()) return otherwise_;
    return static_cast<float>(packed_code(packed_.numbers<uint8_t>().data() + row * row_, block, bits_));
  }

 private:
  int64_t bits_, row_ = 0;
  float otherwise_;
  HostTensor packed_, numbers_;
};

/// A weight [rows][depth] in blocks along the depth: each row has `blocks` blocks of `block` codes, padded.
struct BlockedWeight {
  int64_t rows, depth, bits, block, blocks;
  HostTensor codes, scales;
};

BlockedWeight blocked_weight(const StandardCall& call) {
  BlockedWeight w{call.integer("N"), call.integer("K"),     checked_bits(call), call.integer("block_size"), 0,
                  call.tensor(1),    to_f32(call.tensor(2))};
  if (w.rows < 1 || w.depth < 1 || w.block < 16 || w.block > kLargestBlock || (w.block & (w.block - 1)) != 0) {
    fail(ErrorCode::bad_input, "a weight of {} x {} in blocks of {}", w.rows, w.depth, w.block);
  }
  if (call.tensor(0).dims().back() != w.depth) {
    fail(ErrorCode::bad_input, "{} has no rows of {}", call.tensor(0).description(), w.depth);
  }
  w.blocks = (w.depth - 1) / w.block + 1;
  require_type(w.codes, &codecs::u8.info);
  const int64_t row_bytes = w.blocks * w.block * w.bits / 8;
  if (w.codes.count() / row_bytes != w.rows || w.scales.count() != w.rows * w.blocks) {
    fail(ErrorCode::bad_input, "codes {} and scales {} do not fit", w.codes.description(), w.scales.description());
  }
  return w;
}

std::vector<float> dequantized(const BlockedWeight& w, const ZeroPoints& zeros) {
  std::vector<float> result(static_cast<size_t>(w.rows * w.depth));
  const int64_t row_bytes = w.blocks * w.block * w.bits / 8;
  for (int64_t row = 0; row < w.rows; ++row) {
    const uint8_t* codes = w.codes.numbers<uint8_t>().data() + row * row_bytes;
    for (int64_t block = 0; block < w.blocks; ++block) {
      const float scale = w.scales.numbers<float>()[static_cast<size_t>(row * w.blocks + block)];
      const float zero = zeros.at(row, block);
      const int64_t end = std::min(w.depth, (block + 1) * w.block);
      for (int64_t k = block * w.block; k < end; ++k) {
        result[static_cast<size_t>(row * w.depth + k)] =
            (static_cast<float>(packed_code(codes, k, w.bits)) - zero) * scale;
      }
    }
  }
  return result;
}

HostValues evaluate_mat_mul_n_bits(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_type(x, kF32);
  require_rank(x, 1);
  if (call.has(4)) fail(ErrorCode::unsupported, "groups by index (g_idx)");
  const auto weight = blocked_weight(call);
  auto dims = x.dims();
  dims.back() = weight.rows;
  HostTensor result(kF32, dims);
  const ZeroPoints zeros(call, 3, {weight.rows, weight.blocks, weight.bits}, middle_code(weight.bits));
  const auto rows = dequantized(weight, zeros);
  multiply_floats({x.count() / weight.depth,
                   weight.depth,
                   weight.rows,
                   {x.numbers<float>().data(), weight.depth, 1},
                   {rows.data(), 1, weight.depth},
                   result.fill<float>().data()},
                  call.pool);
  if (!call.has(5)) return {result};
  return {map_pairs<float, float>(result, to_f32(call.tensor(5)), kF32, [](float a, float b) { return a + b; })};
}

/// Rows of a quantized table.
HostValues evaluate_gather_block_quantized(const StandardCall& call) {
  const HostTensor &table = call.tensor(0), &indices = call.tensor(1), scales = to_f32(call.tensor(2));
  require_rank(table, 2, 2);
  if (call.integer("gather_axis", 0) != 0 || call.integer("quantize_axis", 1) != 1) {
    fail(ErrorCode::unsupported, "other axes than rows that are quantized along themselves");
  }
  const bool packed = table.type() == &codecs::u8.info;
  const int64_t bits = packed ? checked_bits(call) : 8, block = call.integer("block_size", 128);
  const int64_t width = packed ? table.dim(1) * (8 / bits) : table.dim(1),
                blocks = block < 1 || block > kLargestBlock ? 0 : (width + block - 1) / block;
  if (blocks < 1 || scales.count() != table.dim(0) * blocks)
    fail(ErrorCode::bad_input, "scales {} do not fit", scales.description());
  const ZeroPoints zeros(call, 3, {table.dim(0), blocks, bits}, packed ? middle_code(bits) : 0);
  const HostTensor codes = packed ? HostTensor() : to_f32(table);
  Dims dims = indices.dims();
  dims.push_back(width);
  HostTensor result(kF32, dims);
  auto to = result.fill<float>().begin();
  for (const int64_t index : read_integers(indices)) {
    const int64_t row = checked_index(index, table.dim(0));
    for (int64_t i = 0; i < width; ++i) {
      const float code =
          packed ? static_cast<float>(packed_code(table.numbers<uint8_t>().data() + row * table.dim(1), i, bits))
                 : codes.numbers<float>()[static_cast<size_t>(row * width + i)];
      *to++ =
          (code - zeros.at(row, i / block)) * scales.numbers<float>()[static_cast<size_t>(row * blocks + i / block)];
    }
  }
  return {result};
}

/// x + skip (+ bias), and its normalization without a mean.
HostValues evaluate_skip_rms_normalization(const StandardCall& call) {
  const auto plus = [](float a, float b) { return a + b; };
  for (size_t i = 0; i < 3; ++i) require_type(call.tensor(i), kF32);
  if (call.has(3)) require_type(call.tensor(3), kF32);
  HostTensor sum = map_pairs<float, float>(call.tensor(0), call.tensor(1), kF32, plus);
  if (call.has(3)) sum = map_pairs<float, float>(sum, call.tensor(3), kF32, plus);
  require_rank(sum, 1);
  const int64_t length = sum.dims().back(), rows = length == 0 ? 0 : sum.count() / length;
  const double epsilon = call.number("epsilon", 1e-5);
  if (call.tensor(2).count() != length)
    fail(ErrorCode::bad_input, "{} factors for rows of {}", call.tensor(2).count(), length);
  HostTensor result(kF32, sum.dims());
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = sum.numbers<float>().data() + row * length;
    double squares = 0;
    for (int64_t i = 0; i < length; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(length) + epsilon);
    for (int64_t i = 0; i < length; ++i) {
      result.fill<float>()[static_cast<size_t>(row * length + i)] =
          static_cast<float>(x[i] * factor) * call.tensor(2).numbers<float>()[static_cast<size_t>(i)];
    }
  }
  return {result, HostTensor(kF32, {0}), HostTensor(kF32, {0}), sum};
}

/// The inputs of a GroupQueryAttention, as [batch][heads][tokens][size].
struct GroupedQueries {
  int64_t batch, tokens, heads, kv_heads, size;
  HostTensor q, k, v;
  Dims lengths;  // of past and new tokens, for each batch
};

HostTensor heads_first(const HostTensor& x, int64_t offset, int64_t heads, int64_t size) {
  const int64_t row = x.dim(2);
  return copy_view(x, {{x.dim(0), heads, x.dim(1), size}, {x.dim(1) * row, size, row, 1}, offset});
}

GroupedQueries grouped_queries(const StandardCall& call) {
  const HostTensor& query = call.tensor(0);
  require_type(query, kF32);
  require_rank(query, 3, 3);
  GroupedQueries g{
      query.dim(0), query.dim(1), call.integer("num_heads"), call.integer("kv_num_heads"), 0, {}, {}, {}, {}};
  const int64_t parts = call.has(1) ? g.heads : g.heads + 2 * g.kv_heads;
  if (g.heads < 1 || g.kv_heads < 1 || g.heads % g.kv_heads != 0 || query.dim(2) % parts != 0) {
    fail(ErrorCode::bad_input, "{} in {} heads", query.description(), parts);
  }
  g.size = query.dim(2) / parts;
  g.q = heads_first(query, 0, g.heads, g.size);
  for (size_t i = 1; call.has(1) && i < 3; ++i) {
    require_type(call.tensor(i), kF32);
    if (call.tensor(i).dims() != Dims{g.batch, g.tokens, g.kv_heads * g.size}) {
      fail(ErrorCode::bad_input, "{} does not fit {}", call.tensor(i).description(), query.description());
    }
  }
  g.k = call.has(1) ? heads_first(call.tensor(1), 0, g.kv_heads, g.size)
                    : heads_first(query, g.heads * g.size, g.kv_heads, g.size);
  g.v = call.has(1) ? heads_first(call.tensor(2), 0, g.kv_heads, g.size)
                    : heads_first(query, (g.heads + g.kv_heads) * g.size, g.kv_heads, g.size);
  for (const int64_t last : read_integers(call.tensor(5))) g.lengths.push_back(last + 1);
  if (static_cast<int64_t>(g.lengths.size()) != g.batch) fail(ErrorCode::bad_input, "one length a sequence is needed");
  return g;
}

void rotate_heads(HostTensor& x, const StandardCall& call, const GroupedQueries& g) {
  const HostTensor &cosines = call.tensor(7), &sines = call.tensor(8);
  require_type(cosines, kF32);
  require_type(sines, kF32);
  require_rank(cosines, 2, 2);
  const int64_t pairs = cosines.dim(1);
  if (cosines.dims() != sines.dims() || 2 * pairs > g.size)
    fail(ErrorCode::bad_input, "angles {} do not fit", cosines.description());
  const bool interleaved = call.integer("rotary_interleaved", 0) != 0;
  for (int64_t row = 0; row < x.dim(0) * x.dim(1) * g.tokens; ++row) {
    const int64_t batch = row / (x.dim(1) * g.tokens);
    const int64_t first = std::max<int64_t>(g.lengths[static_cast<size_t>(batch)] - g.tokens, 0);
    const int64_t position = checked_index(first + row % g.tokens, cosines.dim(0));
    float* numbers = x.fill<float>().data() + row * g.size;
    for (int64_t i = 0; i < pairs; ++i) {
      float &a = numbers[interleaved ? 2 * i : i], &b = numbers[interleaved ? 2 * i + 1 : i + pairs];
      const float c = cosines.numbers<float>()[static_cast<size_t>(position * pairs + i)];
      const float s = sines.numbers<float>()[static_cast<size_t>(position * pairs + i)], old = a;
      a = c * old - s * b;
      b = s * old + c * b;
    }
  }
}

/// The past with the new rows behind what it holds of each sequence.
HostTensor with_past(const StandardCall& call, size_t input, const HostTensor& rows, const GroupedQueries& g) {
  const int64_t total = std::max(read_integer(call.tensor(6)), int64_t{0});
  const int64_t past = call.has(input) ? (require_rank(call.tensor(input), 4, 4), call.tensor(input).dim(2)) : 0;
  const int64_t length = std::max(total, past);
  HostTensor result = zeros(kF32, {g.batch, g.kv_heads, length, g.size});
  for (int64_t head = 0; head < g.batch * g.kv_heads; ++head) {
    float* to = result.fill<float>().data() + head * length * g.size;
    if (past > 0) {
      require_type(call.tensor(input), kF32);
      if (call.tensor(input).count() != g.batch * g.kv_heads * past * g.size)
        fail(ErrorCode::bad_input, "the past does not fit");
      std::copy_n(call.tensor(input).numbers<float>().data() + head * past * g.size, past * g.size, to);
    }
    const int64_t first = std::max<int64_t>(g.lengths[static_cast<size_t>(head / g.kv_heads)] - g.tokens, 0);
    if (first + g.tokens > length)
      fail(ErrorCode::bad_input, "{} tokens do not fit behind {} of {}", g.tokens, first, length);
    std::copy_n(rows.numbers<float>().data() + head * g.tokens * g.size, g.tokens * g.size, to + first * g.size);
  }
  return result;
}

/// One query over the keys [first, last): its shares of the values are added to `to`.
struct QueryRow {
  const float *query, *keys, *values;
  int64_t first, last, size;
  double scale, soft_cap;

  void attend(float* to) const {
    std::vector<double> shares;
    double top = -HUGE_VAL, sum = 0;
    for (int64_t key = first; key < last; ++key) {
      double product = 0;
      for (int64_t i = 0; i < size; ++i)
        product += static_cast<double>(query[i]) * static_cast<double>(keys[key * size + i]);
      product *= scale;
      if (soft_cap > 0) product = soft_cap * std::tanh(product / soft_cap);
      shares.push_back(product);
      top = std::max(top, product);
    }
    for (double& share : shares) sum += share = std::exp(share - top);
    for (int64_t i = 0; i < size; ++i) {
      double value = 0;
      for (int64_t key = first; key < last; ++key) {
        value += shares[static_cast<size_t>(key - first)] * static_cast<double>(values[key * size + i]);
      }
      to[i] = static_cast<float>(sum > 0 ? value / sum : 0);
    }
  }
};

HostValues evaluate_group_query_attention(const StandardCall& call) {
  for (size_t i = 9; i < call.inputs.size(); ++i) {
    if (call.has(i)) fail(ErrorCode::unsupported, "its input {}", i);
  }
  auto g = grouped_queries(call);
  if (call.integer("do_rotary", 0) != 0) {
    rotate_heads(g.q, call, g);
    rotate_heads(g.k, call, g);
  }
  const HostTensor keys = with_past(call, 3, g.k, g), values = with_past(call, 4, g.v, g);
  const int64_t length = keys.dim(2), window = call.integer("local_window_size", -1);
  double scale = call.number("scale", 0);
  if (scale == 0) scale = 1 / std::sqrt(static_cast<double>(g.size));
  HostTensor result(kF32, {g.batch, g.tokens, g.heads * g.size});
  for_each_index(call.pool, g.batch * g.heads * g.tokens, [&](int64_t row) {
    const int64_t batch = row / (g.heads * g.tokens), head = row / g.tokens % g.heads, token = row % g.tokens;
    const int64_t own = batch * g.kv_heads + head / (g.heads / g.kv_heads);
    const int64_t last = std::max<int64_t>(g.lengths[static_cast<size_t>(batch)] - g.tokens, 0) + token + 1;
    const QueryRow query{g.q.numbers<float>().data() + row * g.size,
                         keys.numbers<float>().data() + own * length * g.size,
                         values.numbers<float>().data() + own * length * g.size,
                         window > 0 ? std::max<int64_t>(last - window, 0) : 0,
                         last,
                         g.size,
                         scale,
                         call.number("softcap", 0)};
    query.attend(result.fill<float>().data() + ((batch * g.tokens + token) * g.heads + head) * g.size);
  });
  return {result, keys, values};
}

HostValues evaluate_quick_gelu(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_type(x, kF32);
  const auto alpha = static_cast<float>(call.number("alpha", 1.702));
  return {map_each<float, float>(x, kF32, [&](float v) { return v / (1 + std::exp(-alpha * v)); })};
}

Types infer_skip_normalization(const graph::NodeTypes& node) {
  Types types(node.node.outputs.size(), any_tensor(&codecs::f32.info));
  if (!types.empty()) types[0] = type_of_input(node, 0);
  if (types.size() > 3) types[3] = type_of_input(node, 0);
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"MatMulNBits", "products with a weight of packed codes", infer_storage}, evaluate_mat_mul_n_bits},
    StandardOp{{"GatherBlockQuantized", "rows of a table of packed codes", infer_storage_of<2>},
               evaluate_gather_block_quantized},
    StandardOp{{"SkipSimplifiedLayerNormalization", "a sum and its RMSNormalization", infer_skip_normalization},
               evaluate_skip_rms_normalization},
    StandardOp{{"GroupQueryAttention", "causal attention with its past, heads turned", infer_storage},
               evaluate_group_query_attention},
    StandardOp{{"QuickGelu", "x sigmoid(alpha x)", infer_same}, evaluate_quick_gelu},
};

}  // namespace

std::span<const StandardOp> language_ops() { return kOps; }

}  // namespace adze::ops
