#include "ops/standard/float_convolution.h"

#include <algorithm>

#include "base/aligned_vector.h"
#include "base/error.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/panel_work.h"

namespace adze::ops {
namespace {

/// Numbers of a panel's column at once: 1024 of 48 columns are 192 KiB, which stay in a level-2 cache.
constexpr int64_t kDepthOfPart = 1024;
/// Multiply-adds that are worth a second thread.
constexpr int64_t kSharedWork = 1 << 20;
/// Rows of which a panel that lies in the tensor may be read once; more are faster from one that is laid out.
constexpr int64_t kRowsInPlace = 32;
/// Numbers behind a padded plane that vectors may reach.
constexpr int64_t kMargin = 96;
/// 512 MiB for each thread; strides and pads come from files.
constexpr double kMaxPaddedNumbers = 1 << 27;

/// Every place is its own window.
bool is_pointwise(const Windows& w) {
  const auto all = [](const std::vector<int64_t>& list, int64_t value) {
    return std::ranges::all_of(list, [&](int64_t number) { return number == value; });
  };
  return all(w.kernel, 1) && all(w.strides, 1) && all(w.before, 0) && all(w.after, 0);
}

class PanelConvolution {
 public:
  PanelConvolution(const FloatConvolution& run, unsigned threads)
      : run_(run), c_(run.c), work_(c_, threads), finder_(c_.windows), pointwise_(is_pointwise(c_.windows)) {}

  int64_t pieces() const { return work_.pieces(); }
  void run(int64_t piece) const { multiply(work_.piece(piece)); }

 private:
  using Piece = PanelWork::Piece;

  const float* plane_of(const Piece& p, int64_t channel) const {
    return run_.x.data() + (p.image * c_.channels + p.group * c_.group_channels() + channel) * c_.windows.input_count();
  }

  void multiply(const Piece& p) const {
    const int64_t taps = c_.windows.taps(), at_once = std::max<int64_t>(1, kDepthOfPart / taps);
    static thread_local AlignedVector<float> laid_out;
    const bool in_place = lies_in_place(p);
    if (!in_place) laid_out.resize(static_cast<size_t>(std::min(at_once, c_.group_channels()) * taps * kPanelColumns));
    static thread_local WindowPieces windows;
    if (!in_place) finder_.find(p.first, p.count, windows);
    int64_t channel = 0;
    do {
      const int64_t channels = std::min(at_once, c_.group_channels() - channel);
      if (!in_place) lay_out(p, channel, channels, windows, laid_out.data());
      multiply_part(p, channel, channels, in_place ? plane_of(p, channel) + p.first : laid_out.data());
      channel += channels;
    } while (channel < c_.group_channels());
  }

  /// The windows are the plane itself, and reading whole lanes stays within the tensor.
  bool lies_in_place(const Piece& p) const {
    const int64_t lanes = (p.count + kPanelLane - 1) / kPanelLane * kPanelLane;
    return pointwise_ && p.rows <= kRowsInPlace && p.first + lanes <= work_.places();
  }

  void lay_out(const Piece& p, int64_t channel, int64_t channels, const WindowPieces& windows, float* panel) const {
    const int64_t lanes = (p.count + kPanelLane - 1) / kPanelLane;
    float_products().fill({plane_of(p, channel), run_.x.data(), run_.x.data() + run_.x.size(), c_.windows.input_count(),
                           channels, c_.windows.taps(), lanes, windows.pieces.data(), windows.first_piece.data(),
                           finder_.stride(), panel});
  }

  void multiply_part(const Piece& p, int64_t channel, int64_t channels, const float* panel) const {
    const int64_t taps = c_.windows.taps(), depth = c_.group_channels() * taps, plane = work_.places();
    const int64_t row = p.group * c_.group_outputs() + p.first_row;
    const int64_t out = (p.image * c_.outputs + row) * plane + p.first;
    ProductEnd end = run_.end;
    if (end.bias) end.bias += row;
    if (end.addend) end.addend += out;
    const bool ends = channel + channels == c_.group_channels();
    const bool in_place = lies_in_place(p);
    const float* rows = run_.filters.rows.data() + p.group * in_whole_tiles(c_.group_outputs()) * depth +
                        p.first_row * depth + channel * taps * kRowTile;
    float_products().multiply({rows, 0, depth, p.rows, channels * taps, panel,
                               in_place ? c_.windows.input_count() : kPanelColumns, run_.out + out, plane, p.count,
                               channel != 0, ends ? &end : nullptr});
  }

  const FloatConvolution& run_;
  const Convolution& c_;
  PanelWork work_;
  WindowFinder finder_;
  bool pointwise_;
};

/// Groups of one channel. The padded plane is divided by the strides into planes in which a tap is a constant distance
/// away for every place.
class PlaneConvolution {
 public:
  explicit PlaneConvolution(const FloatConvolution& run) : run_(run), c_(run.c) {
    const Windows& w = c_.windows;
    const bool flat = w.input.size() == 1;
    rows_ = flat ? Axis{1, 1, 1, 1, 0, 1} : axis_of(w, 0);
    columns_ = axis_of(w, flat ? 0 : 1);
    row_step_ = columns_.length();
    plane_ = rows_.length() * row_step_;
    const double numbers = static_cast<double>(rows_.stride) * static_cast<double>(columns_.stride) *
                           static_cast<double>(rows_.length()) * static_cast<double>(row_step_);
    if (numbers > kMaxPaddedNumbers) {
      fail(ErrorCode::out_of_memory, "a padded plane would have {:.0f} numbers; the limit is {:.0f}", numbers,
           kMaxPaddedNumbers);
    }
    for (int64_t y = 0; y < rows_.kernel; ++y) {
      for (int64_t x = 0; x < columns_.kernel; ++x) distances_.push_back(distance(y, x));
    }
  }

  int64_t pieces() const { return c_.batch * c_.outputs; }

  void run(int64_t piece) const {
    static thread_local AlignedVector<float> padded, scratch;
    const int64_t image = piece / c_.outputs, output = piece % c_.outputs, channel = output / c_.group_outputs();
    const int64_t phases = rows_.stride * columns_.stride;
    padded.assign(static_cast<size_t>(phases * plane_ + kMargin), 0.0f);
    scratch.resize(static_cast<size_t>(rows_.output * row_step_ + kMargin));
    divide(run_.x.data() + (image * c_.channels + channel) * rows_.input * columns_.input, padded.data());
    ProductEnd end = run_.end;
    const int64_t out = piece * rows_.output * columns_.output;
    if (end.addend) end.addend += out;
    const float bias = end.bias ? end.bias[output] : 0.0f;
    const auto taps = static_cast<int64_t>(distances_.size());
    float_products().filter({padded.data(), distances_.data(), run_.filters.plain.data() + output * taps, taps,
                             row_step_, rows_.output, columns_.output, run_.out + out, scratch.data(), bias, &end});
  }

 private:
  struct Axis {
    int64_t input, output, kernel, stride, before, dilation;
    /// Places of a divided plane.
    int64_t length() const { return output + (kernel - 1) * dilation / stride; }
  };

  static Axis axis_of(const Windows& w, size_t axis) {
    return {w.input[axis], w.output[axis], w.kernel[axis], w.strides[axis], w.before[axis], w.dilations[axis]};
  }

  int64_t distance(int64_t y, int64_t x) const {
    const int64_t row = y * rows_.dilation, column = x * columns_.dilation;
    const int64_t phase = row % rows_.stride * columns_.stride + column % columns_.stride;
    return phase * plane_ + row / rows_.stride * row_step_ + column / columns_.stride;
  }

  /// Copies a plane into its phases; what is not covered stays zero.
  void divide(const float* plane, float* padded) const {
    for (int64_t row = 0; row < rows_.input; ++row) {
      const int64_t at = row + rows_.before;
      if (at < 0 || at / rows_.stride >= rows_.length()) continue;
      for (int64_t phase = 0; phase < columns_.stride; ++phase) {
        float* to = padded + (at % rows_.stride * columns_.stride + phase) * plane_ + at / rows_.stride * row_step_;
        copy_phase(plane + row * columns_.input, phase, to);
      }
    }
  }

  void copy_phase(const float* row, int64_t phase, float* to) const {
    // to[i] = row[i * stride + phase - before]
    const int64_t stride = columns_.stride, shift = phase - columns_.before;
    const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
    const int64_t last = std::min(columns_.length(), (columns_.input - 1 - shift + stride) / stride);
    if (stride == 1) {
      if (last > first) std::copy_n(row + first + shift, last - first, to + first);
      return;
    }
    for (int64_t i = first; i < last; ++i) to[i] = row[i * stride + shift];
  }

  const FloatConvolution& run_;
  const Convolution& c_;
  Axis rows_, columns_;
  int64_t row_step_, plane_;
  std::vector<int64_t> distances_;
};

}  // namespace

PackedFilters packed_filters(const Convolution& c, const float* weights) {
  const int64_t depth = c.group_channels() * c.windows.taps();
  if (c.filters_planes()) return {{}, {weights, weights + c.outputs * depth}};
  PackedFilters filters;
  for (int64_t group = 0; group < c.groups; ++group) {
    const auto rows = packed_rows(weights + group * c.group_outputs() * depth, c.group_outputs(), depth);
    filters.rows.insert(filters.rows.end(), rows.begin(), rows.end());
  }
  return filters;
}

void convolve_floats(const FloatConvolution& run, ThreadPool* pool) {
  const Convolution& c = run.c;
  const int64_t results = c.batch * c.outputs * c.windows.output_count();
  if (results == 0) return;
  ThreadPool* sharing = pool_for(pool, results * c.group_channels() * c.windows.taps(), kSharedWork);
  if (c.filters_planes()) {
    const PlaneConvolution planes(run);
    return for_each_index(sharing, planes.pieces(), [&](int64_t piece) { planes.run(piece); });
  }
  const PanelConvolution panels(run, sharing ? sharing->size() : 1);
  for_each_index(sharing, panels.pieces(), [&](int64_t piece) { panels.run(piece); });
}

}  // namespace adze::ops
