#include "ops/standard/elementwise_program.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/aligned_vector.h"
#include "codecs/codec.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/float_functions.h"
#include "ops/standard/matrix_product.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

/// Numbers of a piece: 2 KiB, so that a dozen rows stay in a level-1 cache.
constexpr int64_t kPiece = 512;
/// Functions of numbers that are worth a second thread.
constexpr int64_t kSharedWork = 1 << 17;

template <auto kFunction>
void each_number(const float* x, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = kFunction(x[i]);
}

constexpr auto kSqrt = [](float x) { return std::sqrt(x); };
constexpr auto kExp = [](float x) { return std::exp(x); };
constexpr auto kErf = [](float x) { return std::erf(x); };
constexpr auto kTanh = [](float x) { return std::tanh(x); };
constexpr auto kSigmoid = [](float x) { return 1.0f / (1.0f + std::exp(-x)); };

void tanh_row(const float* x, int64_t count, float* out) {
  const FloatFunctions* functions = float_functions();
  functions ? functions->tanh(x, count, out) : each_number<kTanh>(x, count, out);
}

void sigmoid_row(const float* x, int64_t count, float* out) {
  const FloatFunctions* functions = float_functions();
  functions ? functions->sigmoid(x, count, out) : each_number<kSigmoid>(x, count, out);
}

constexpr std::array kFunctions = {
    ElementwiseFunction{"Add", 2, RowFunction::add, nullptr},
    ElementwiseFunction{"Sub", 2, RowFunction::subtract, nullptr},
    ElementwiseFunction{"Mul", 2, RowFunction::multiply, nullptr},
    ElementwiseFunction{"Div", 2, RowFunction::divide, nullptr},
    ElementwiseFunction{"Max", 2, RowFunction::larger, nullptr},
    ElementwiseFunction{"Min", 2, RowFunction::smaller, nullptr},
    ElementwiseFunction{"Abs", 1, RowFunction::absolute, nullptr},
    ElementwiseFunction{"Neg", 1, RowFunction::negative, nullptr},
    ElementwiseFunction{"Reciprocal", 1, RowFunction::reciprocal, nullptr},
    ElementwiseFunction{"Relu", 1, RowFunction::relu, nullptr},
    ElementwiseFunction{"Sqrt", 1, std::nullopt, each_number<kSqrt>},
    ElementwiseFunction{"Exp", 1, std::nullopt, each_number<kExp>},
    ElementwiseFunction{"Erf", 1, std::nullopt, each_number<kErf>},
    ElementwiseFunction{"Tanh", 1, std::nullopt, tanh_row},
    ElementwiseFunction{"Sigmoid", 1, std::nullopt, sigmoid_row},
};

/// Without axes of one place in front, which mean nothing to how numbers lie.
std::span<const int64_t> significant(const Dims& dims) {
  const auto first = std::ranges::find_if(dims, [](int64_t dim) { return dim != 1; });
  return {first, dims.end()};
}

bool have_one_shape(const Dims& a, const Dims& b) { return std::ranges::equal(significant(a), significant(b)); }

/// For each step the one whose stage it is part of; its own number where it ends one.
std::vector<size_t> stage_ends(std::span<const ElementwiseStep> steps, size_t inputs, const std::vector<Dims>& dims) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<size_t> ends(steps.size(), kNone);
  const auto use = [&](size_t value, size_t end) {
    if (value < inputs) return;
    size_t& known = ends[value - inputs];
    const bool fits = have_one_shape(dims[value], dims[inputs + end]) && (known == kNone || known == end);
    known = fits ? end : value - inputs;
  };
  for (size_t step = steps.size(); step-- > 0;) {
    if (ends[step] == kNone) ends[step] = step;
    use(steps[step].a, ends[step]);
    use(steps[step].b, ends[step]);
  }
  return ends;
}

/// Scratch rows of a stage, which are given back behind their last use.
class ScratchRows {
 public:
  size_t take() {
    if (free_.empty()) return count_++;
    const size_t row = free_.back();
    free_.pop_back();
    return row;
  }
  void give_back(size_t row) { free_.push_back(row); }
  size_t count() const { return count_; }

 private:
  std::vector<size_t> free_;
  size_t count_ = 0;
};

}  // namespace

const ElementwiseFunction* find_elementwise_function(std::string_view op) {
  const auto found = std::ranges::find(kFunctions, op, &ElementwiseFunction::op);
  return found == kFunctions.end() ? nullptr : &*found;
}

ElementwiseProgram::ElementwiseProgram(std::span<const ElementwiseStep> steps, std::vector<Dims> input_dims)
    : input_dims_(std::move(input_dims)) {
  std::vector<Dims> dims = input_dims_;
  for (const ElementwiseStep& step : steps) dims.push_back(broadcast_dims(dims[step.a], dims[step.b]));
  find_stages(steps, dims);
}

void ElementwiseProgram::find_stages(std::span<const ElementwiseStep> steps, const std::vector<Dims>& dims) {
  const size_t inputs = input_dims_.size();
  const auto ends = stage_ends(steps, inputs, dims);
  for (size_t end = 0; end < steps.size(); ++end) {
    if (ends[end] != end) continue;
    std::vector<size_t> members;
    for (size_t step = 0; step <= end; ++step) {
      if (ends[step] == end) members.push_back(step);
    }
    Stage stage;
    stage.value = inputs + end;
    stage.dims = dims[stage.value];
    add_steps(stage, steps, members);
    lay_out(stage, dims);
    stages_.push_back(std::move(stage));
  }
}

void ElementwiseProgram::add_steps(Stage& stage, std::span<const ElementwiseStep> steps,
                                   const std::vector<size_t>& members) const {
  const size_t inputs = input_dims_.size();
  const auto is_inside = [&](size_t value) {
    return value >= inputs && std::ranges::binary_search(members, value - inputs);
  };
  for (const size_t member : members) {
    for (const size_t value : {steps[member].a, steps[member].b}) {
      const bool known = std::ranges::find(stage.sources, value, &Source::value) != stage.sources.end();
      if (!is_inside(value) && !known) stage.sources.push_back({value, {}, 0});
    }
  }
  ScratchRows rows;
  std::vector<size_t> row_of(inputs + steps.size(), kResult), last_use(inputs + steps.size(), 0);
  for (const size_t member : members) last_use[steps[member].a] = last_use[steps[member].b] = member;
  const auto operand = [&](size_t value) {
    if (is_inside(value)) return stage.sources.size() + row_of[value];
    return static_cast<size_t>(std::ranges::find(stage.sources, value, &Source::value) - stage.sources.begin());
  };
  for (const size_t member : members) {
    const auto [function, a, b] = steps[member];
    StageStep step{function, operand(a), operand(b), kResult};
    if (is_inside(a) && last_use[a] == member) rows.give_back(row_of[a]);
    if (b != a && is_inside(b) && last_use[b] == member) rows.give_back(row_of[b]);
    if (inputs + member != stage.value) step.scratch = row_of[inputs + member] = rows.take();
    stage.steps.push_back(step);
  }
  stage.scratch_rows = rows.count();
}

/// Joins axes that lie behind one another for all sources; the last that is left is a row.
void ElementwiseProgram::lay_out(Stage& stage, const std::vector<Dims>& dims) {
  std::vector<Dims> given;
  for (const Source& source : stage.sources) given.push_back(broadcast_strides(dims[source.value], stage.dims));
  const size_t count = stage.sources.size();
  Dims axes;
  for (size_t axis = 0; axis < stage.dims.size(); ++axis) {
    const int64_t length = stage.dims[axis];
    if (length == 1) continue;
    bool joins = !axes.empty();
    for (size_t i = 0; joins && i < count; ++i) joins = stage.sources[i].strides.back() == given[i][axis] * length;
    if (joins) {
      axes.back() *= length;
    } else {
      axes.push_back(length);
    }
    for (size_t i = 0; i < count; ++i) {
      if (joins) stage.sources[i].strides.pop_back();
      stage.sources[i].strides.push_back(given[i][axis]);
    }
  }
  if (axes.empty()) {
    for (Source& source : stage.sources) source.step = 0;
    return;
  }
  stage.row = axes.back();
  stage.outer.assign(axes.begin(), axes.end() - 1);
  for (const int64_t length : stage.outer) stage.rows *= length;
  for (Source& source : stage.sources) {
    source.step = source.strides.back();
    source.strides.pop_back();
  }
  if (stage.outer.size() != 1 || stage.row > kPiece / 2 || stage.row == 0) return;
  const auto whole = [&](const Source& s) { return s.strides[0] == (s.step == 0 ? 0 : stage.row); };
  const auto again = [](const Source& s) { return s.step == 1 && s.strides[0] == 0; };
  if (!std::ranges::all_of(stage.sources, [&](const Source& s) { return whole(s) || again(s); })) return;
  stage.rows_at_once = std::min(stage.rows, kPiece / stage.row);
  for (Source& source : stage.sources) source.repeats = again(source);
}

bool ElementwiseProgram::is_for(std::span<const HostTensor* const> inputs) const {
  return std::ranges::equal(inputs, input_dims_,
                            [](const HostTensor* x, const Dims& dims) { return x->dims() == dims; });
}

/// One walk over the numbers of a stage.
class ElementwiseProgram::StageRun {
 public:
  StageRun(const Stage& stage, std::vector<const float*> sources, float* out)
      : stage_(stage), sources_(std::move(sources)), out_(out), pieces_of_row_((stage.row + kPiece - 1) / kPiece) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (stage_.sources[i].repeats) repeat(i);
    }
  }

  int64_t pieces() const {
    const int64_t at_once = stage_.rows_at_once;
    return at_once > 1 ? (stage_.rows + at_once - 1) / at_once : stage_.rows * pieces_of_row_;
  }

  void run(int64_t piece) const {
    if (stage_.rows_at_once == 1) return run_part(piece / pieces_of_row_, piece % pieces_of_row_ * kPiece);
    const int64_t row = piece * stage_.rows_at_once;
    const int64_t count = std::min(stage_.rows_at_once, stage_.rows - row) * stage_.row;
    std::vector<const float*>& from = pointers();
    for (size_t i = 0; i < sources_.size(); ++i) {
      from[i] = sources_[i] + (stage_.sources[i].repeats ? 0 : row * stage_.sources[i].strides[0]);
    }
    compute(from, count, out_ + row * stage_.row);
  }

 private:
  static std::vector<const float*>& scratch_pointers() {
    static thread_local std::vector<const float*> pointers;
    return pointers;
  }
  std::vector<const float*>& pointers() const {
    auto& from = scratch_pointers();
    from.resize(sources_.size());
    return from;
  }

  void repeat(size_t source) {
    auto& copies = repeated_.emplace_back();
    for (int64_t i = 0; i < stage_.rows_at_once; ++i) {
      copies.insert(copies.end(), sources_[source], sources_[source] + stage_.row);
    }
    sources_[source] = copies.data();
  }

  void run_part(int64_t row, int64_t first) const {
    std::vector<const float*>& from = pointers();
    for (size_t i = 0; i < sources_.size(); ++i) from[i] = sources_[i] + first * stage_.sources[i].step;
    int64_t rest = row;
    for (size_t axis = stage_.outer.size(); axis-- > 0;) {
      const int64_t at = rest % stage_.outer[axis];
      rest /= stage_.outer[axis];
      for (size_t i = 0; i < sources_.size(); ++i) from[i] += at * stage_.sources[i].strides[axis];
    }
    compute(from, std::min(kPiece, stage_.row - first), out_ + row * stage_.row + first);
  }

  void compute(const std::vector<const float*>& from, int64_t count, float* out) const {
    static thread_local AlignedVector<float> scratch;
    scratch.resize(stage_.scratch_rows * static_cast<size_t>(kPiece));
    const auto scratch_row = [&](size_t row) { return scratch.data() + row * static_cast<size_t>(kPiece); };
    const auto operand = [&](size_t number) {
      const size_t count_of_sources = from.size();
      return number < count_of_sources ? RowOperand{from[number], stage_.sources[number].step}
                                       : RowOperand{scratch_row(number - count_of_sources), 1};
    };
    for (const StageStep& step : stage_.steps) {
      float* to = step.scratch == kResult ? out : scratch_row(step.scratch);
      if (step.function->row) {
        products_.apply(*step.function->row, operand(step.a), operand(step.b), count, to);
      } else {
        step.function->of_one(operand(step.a).numbers, count, to);
      }
    }
  }

  const Stage& stage_;
  std::vector<const float*> sources_;
  float* out_;
  int64_t pieces_of_row_;
  const RowProducts& products_ = row_products();
  std::vector<std::vector<float>> repeated_;
};

void ElementwiseProgram::run(std::span<const HostTensor* const> inputs, HostTensor& result, ThreadPool* pool) const {
  std::vector<const float*> values;
  for (const HostTensor* input : inputs) values.push_back(input->numbers<float>().data());
  values.resize(stages_.back().value + 1, nullptr);
  std::vector<HostTensor> between;  // of stages
  for (const Stage& stage : stages_) {
    const bool ends = &stage == &stages_.back();
    if (!ends) between.emplace_back(result.type(), stage.dims);
    float* out = (ends ? result : between.back()).fill<float>().data();
    std::vector<const float*> sources;
    for (const Source& source : stage.sources) sources.push_back(values[source.value]);
    const StageRun run(stage, std::move(sources), out);
    const int64_t work = stage.rows * stage.row * static_cast<int64_t>(stage.steps.size());
    for_each_index(pool_for(pool, work, kSharedWork), run.pieces(), [&](int64_t piece) { run.run(piece); });
    values[stage.value] = out;
  }
}

}  // namespace adze::ops
