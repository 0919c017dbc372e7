#include "ops/standard/integer_convolution.h"

#include <algorithm>
#include <cmath>

#include "base/aligned_vector.h"
#include "base/cpu_features.h"
#include "codecs/codec.h"
#include "ops/standard/byte_products.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/panel_work.h"

namespace adze::ops {
namespace {

constexpr int64_t kSharedWork = 1 << 21;

/// So many products of numbers from -255 to 255, which 8-bit ones without their zero points are, stay below 2^24.
constexpr int64_t kTapsOfPlanes = 258;

const uint8_t* bytes_of(const HostTensor& tensor) { return reinterpret_cast<const uint8_t*>(tensor.bytes().data()); }
bool is_signed(const HostTensor& tensor) { return tensor.type() == &codecs::i8.info; }

/// Steps of four of a filter: channels are filled up with zeros.
int64_t steps_of(const Convolution& c) { return c.windows.taps() * ((c.group_channels() + 3) / kDepthOfStep); }

int32_t zero_at(const HostTensor* zeros, int64_t output) {
  if (!zeros) return 0;
  const uint8_t byte = bytes_of(*zeros)[zeros->count() == 1 ? 0 : output];
  return is_signed(*zeros) ? static_cast<int8_t>(byte) : byte;
}

int32_t number_at(const HostTensor& weights, int64_t at) {
  const uint8_t byte = bytes_of(weights)[at];
  return is_signed(weights) ? static_cast<int8_t>(byte) : byte;
}

void pack_integer_rows(const Convolution& c, const HostTensor& weights, PackedIntegerFilters& filters) {
  const int64_t taps = c.windows.taps(), channels = c.group_channels(), steps = steps_of(c);
  const int64_t group_bytes = in_whole_tiles(c.group_outputs()) * steps * kDepthOfStep;
  const int32_t shift = is_signed(weights) ? 0 : 128;
  filters.rows.assign(static_cast<size_t>(c.groups * group_bytes), 0);
  for (int64_t output = 0; output < c.outputs; ++output) {
    const int64_t row = output % c.group_outputs();
    int8_t* to = filters.rows.data() + output / c.group_outputs() * group_bytes +
                 (row / kRowTile * kRowTile * steps + row % kRowTile) * kDepthOfStep;
    int32_t sum = 0;
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t step = tap * ((channels + 3) / kDepthOfStep) + channel / kDepthOfStep;
        const int32_t number = number_at(weights, (output * channels + channel) * taps + tap) - shift;
        to[step * kRowTile * kDepthOfStep + channel % kDepthOfStep] = static_cast<int8_t>(number);
        sum += number;
      }
    }
    filters.row_sums.push_back(sum);
  }
}

/// Column sums of a panel, negated.
void negated_sums(const uint8_t* panel, int64_t steps, int64_t columns, int32_t* sums) {
  std::fill_n(sums, kPanelColumns, 0);
  for (int64_t step = 0; step < steps; ++step, panel += kPanelColumns * kDepthOfStep) {
    for (int64_t i = 0; i < columns * kDepthOfStep; ++i) sums[i / kDepthOfStep] -= panel[i];
  }
}

class IntegerPanels {
 public:
  IntegerPanels(const IntegerConvolution& run, HostTensor& result, unsigned threads)
      : run_(run), c_(run.c), work_(c_, threads), finder_(c_.windows), result_(result) {
    x_ = {bytes_of(run.x), is_signed(run.x), run.x_zero};
    const int64_t depth = steps_of(c_) * kDepthOfStep, zero = x_.unsigned_zero();
    const auto& zeros = run.filters.zeros;
    for (size_t o = 0; o < run.filters.row_sums.size(); ++o) {
      const int64_t shift = (zeros.empty() ? 0 : depth * zeros[o]) - run.filters.row_sums[o];
      terms_.push_back(wrapped_sum(run.bias ? run.bias[o] : 0, zero * shift));
    }
  }

  int64_t pieces() const { return work_.pieces(); }

  void run(int64_t piece) const {
    const auto p = work_.piece(piece);
    static thread_local AlignedVector<uint8_t> panel;
    panel.resize(static_cast<size_t>(steps_of(c_) * kDepthOfStep * kPanelColumns));
    lay_out(p, panel.data());
    multiply(p, panel.data());
  }

 private:
  using Piece = PanelWork::Piece;

  void lay_out(const Piece& p, uint8_t* panel) const {
    static thread_local WindowPieces windows;
    finder_.find(p.first, p.count, windows);
    const int64_t plane = c_.windows.input_count(), lanes = (p.count + kPanelLane - 1) / kPanelLane;
    const uint8_t* planes = x_.numbers + (p.image * c_.channels + p.group * c_.group_channels()) * plane;
    integer_products().fill({planes, x_.numbers, x_.numbers + run_.x.count(), plane, c_.group_channels(),
                             c_.windows.taps(), lanes, windows.pieces.data(), windows.first_piece.data(),
                             finder_.stride(), static_cast<uint8_t>(x_.zero), x_.flip(), panel});
  }

  void multiply(const Piece& p, const uint8_t* panel) const {
    const int64_t steps = steps_of(c_), plane = work_.places(), output = p.group * c_.group_outputs() + p.first_row;
    IntegerEnd end;
    int32_t sums[kPanelColumns];
    end.row_terms = terms_.data() + output;
    if (!run_.filters.zeros.empty()) {
      negated_sums(panel, steps, p.count, sums);
      end.row_factors = run_.filters.zeros.data() + output;
      end.column_factors = sums;
    }
    const int8_t* packed =
        run_.filters.rows.data() + (p.group * in_whole_tiles(c_.group_outputs()) + p.first_row) * steps * kDepthOfStep;
    const int64_t at = (p.image * c_.outputs + output) * plane + p.first;
    IntegerPanelProduct product{packed, p.rows, steps, panel, p.count, &end, nullptr, nullptr, plane};
    if (run_.quantized) {
      end.row_scales = run_.quantized->scales.data() + output;
      end.zero = run_.quantized->zero;
      end.least = run_.quantized->least;
      end.most = run_.quantized->most;
      product.codes = reinterpret_cast<uint8_t*>(result_.fill_bytes().data()) + at;
    } else {
      product.sums = result_.fill<int32_t>().data() + at;
    }
    integer_products().multiply(product);
  }

  const IntegerConvolution& run_;
  const Convolution& c_;
  PanelWork work_;
  WindowFinder finder_;
  HostTensor& result_;
  ShiftedBytes x_{};
  std::vector<int32_t> terms_;
};

/// Groups of one channel, in f32, which holds their sums exactly: kTapsOfPlanes products stay below 2^24.
void convolve_planes(const IntegerConvolution& run, HostTensor& result, ThreadPool* pool) {
  const Convolution& c = run.c;
  HostTensor wide(&codecs::f32.info, run.x.dims()), sums(&codecs::f32.info, c.result_dims());
  const int64_t input = c.windows.input_count(), output = c.windows.output_count();
  const ShiftedBytes x{bytes_of(run.x), is_signed(run.x), run.x_zero};
  for_each_index(pool, c.batch * c.channels, [&](int64_t plane) {
    widen_bytes(x.numbers + plane * input, input, x.is_signed, x.zero, wide.fill<float>().data() + plane * input);
  });
  convolve_floats({c, wide.numbers<float>(), run.filters.floats, {}, sums.fill<float>().data()}, pool);
  for_each_index(pool, c.batch * c.outputs, [&](int64_t plane) {
    const auto channel = static_cast<size_t>(plane % c.outputs);
    const int32_t bias = run.bias ? run.bias[channel] : 0;
    const float* from = sums.numbers<float>().data() + plane * output;
    if (!run.quantized) return whole_numbers(from, output, bias, result.fill<int32_t>().data() + plane * output);
    uint8_t* codes = reinterpret_cast<uint8_t*>(result.fill_bytes().data()) + plane * output;
    const auto& q = *run.quantized;
    codes_of_sums(from, output, {static_cast<float>(bias), q.scales[channel], q.zero, q.least, q.most}, codes);
  });
}

}  // namespace

bool fits_sums(int64_t depth) { return depth <= 65000; }

int32_t wrapped_sum(int32_t a, int64_t b) { return static_cast<int32_t>(a + b); }

const IntegerProducts& integer_products() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kIntegerProductsAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kIntegerProductsAvx2;
  }
  return kIntegerProductsPortable;
}

PackedIntegerFilters packed_integer_filters(const Convolution& c, const HostTensor& weights, const HostTensor* zeros) {
  PackedIntegerFilters filters;
  if (c.filters_planes() && c.windows.taps() <= kTapsOfPlanes) {
    std::vector<float> plain;
    for (int64_t i = 0; i < weights.count(); ++i) {
      plain.push_back(static_cast<float>(number_at(weights, i) - zero_at(zeros, i / c.windows.taps())));
    }
    filters.floats = packed_filters(c, plain.data());
    return filters;
  }
  pack_integer_rows(c, weights, filters);
  const int32_t shift = is_signed(weights) ? 0 : 128;
  bool any = false;
  for (int64_t output = 0; output < c.outputs; ++output) {
    filters.zeros.push_back(zero_at(zeros, output) - shift);
    any |= filters.zeros.back() != 0;
  }
  if (!any) filters.zeros.clear();
  return filters;
}

HostTensor convolve_integers(const IntegerConvolution& run, StorageType type, ThreadPool* pool) {
  const Convolution& c = run.c;
  HostTensor result(type, c.result_dims());
  if (result.count() == 0) return result;
  ThreadPool* sharing = pool_for(pool, result.count() * c.group_channels() * c.windows.taps(), kSharedWork);
  if (!run.filters.floats.plain.empty()) {
    convolve_planes(run, result, sharing);
    return result;
  }
  const IntegerPanels panels(run, result, sharing ? sharing->size() : 1);
  for_each_index(sharing, panels.pieces(), [&](int64_t piece) { panels.run(piece); });
  return result;
}

}  // namespace adze::ops
