// Recurrent networks over sequences [steps, batch, inputs].
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/float_functions.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/op_families.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;
using Activation = std::function<float(float)>;

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

struct ActivationParameters {
  float alpha = 0, beta = 0;
};

/// A function by its name, with what parameters it takes and what they are where none are given.
struct ActivationKind {
  std::string_view name;
  bool takes_alpha, takes_beta;
  ActivationParameters otherwise;
  Activation (*with)(ActivationParameters p);
};

constexpr std::array<ActivationKind, 11> kActivations = {{
    {"Sigmoid", false, false, {}, [](ActivationParameters) { return Activation(sigmoid); }},
    {"Tanh", false, false, {}, [](ActivationParameters) { return Activation([](float x) { return std::tanh(x); }); }},
    {"Relu",
     false,
     false,
     {},
     [](ActivationParameters) { return Activation([](float x) { return std::max(x, 0.0f); }); }},
    {"Affine",
     true,
     true,
     {1, 0},
     [](ActivationParameters p) { return Activation([p](float x) { return p.alpha * x + p.beta; }); }},
    {"LeakyRelu",
     true,
     false,
     {0.01f, 0},
     [](ActivationParameters p) { return Activation([p](float x) { return x < 0 ? p.alpha * x : x; }); }},
    {"ThresholdedRelu",
     true,
     false,
     {1, 0},
     [](ActivationParameters p) { return Activation([p](float x) { return x > p.alpha ? x : 0.0f; }); }},
    {"ScaledTanh",
     true,
     true,
     {1, 1},
     [](ActivationParameters p) { return Activation([p](float x) { return p.alpha * std::tanh(p.beta * x); }); }},
    {"HardSigmoid",
     true,
     true,
     {0.2f, 0.5f},
     [](ActivationParameters p) {
       return Activation([p](float x) { return std::clamp(p.alpha * x + p.beta, 0.0f, 1.0f); });
     }},
    {"Elu",
     true,
     false,
     {1, 0},
     [](ActivationParameters p) { return Activation([p](float x) { return x < 0 ? p.alpha * std::expm1(x) : x; }); }},
    {"Softsign",
     false,
     false,
     {},
     [](ActivationParameters) { return Activation([](float x) { return x / (1 + std::fabs(x)); }); }},
    {"Softplus",
     false,
     false,
     {},
     [](ActivationParameters) { return Activation([](float x) { return std::log1p(std::exp(x)); }); }},
}};

/// As ONNX spells them, in small letters or large ones.
const ActivationKind& activation_named(std::string_view name) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (const ActivationKind& kind : kActivations) {
    if (std::ranges::equal(name, kind.name, [&](char a, char b) { return small(a) == small(b); })) return kind;
  }
  fail(ErrorCode::bad_input, "unknown activation \"{}\"", name);
}

/// Weights turned and packed, by direction.
struct PackedRecurrence {
  std::vector<std::vector<float>> inputs, states;
};

struct Recurrence {
  int64_t steps, batch, inputs, hidden, directions, gates;
  bool batch_first = false;  // layout 1
  bool reverse_only = false;
  float clip = 0;
  std::vector<Activation> activations;  // of every direction in turn
  std::vector<int64_t> lengths;         // of every sequence
  HostTensor x, weights, recurrence;    // x as [steps, batch, inputs]
  std::vector<float> bias;              // [directions][2 * gates * hidden]
  HostTensor state, cell;               // [directions, batch, hidden]
  std::shared_ptr<const PackedRecurrence> packed;

  bool backwards(int64_t direction) const { return reverse_only || direction == 1; }
  float clipped(float v) const { return clip > 0 ? std::clamp(v, -clip, clip) : v; }
};

HostTensor swap_first_axes(const HostTensor& x) {
  auto strides = strides_of(x.dims());
  auto dims = x.dims();
  std::swap(strides[0], strides[1]);
  std::swap(dims[0], dims[1]);
  return copy_view(x, {dims, strides, 0});
}

HostTensor initial_state(const StandardCall& call, size_t input, const Recurrence& r) {
  const Dims dims{r.directions, r.batch, r.hidden};
  if (!call.has(input)) return zeros(&codecs::f32.info, dims);
  require_type(call.tensor(input), &codecs::f32.info);
  const HostTensor state = r.batch_first ? swap_first_axes(call.tensor(input)) : call.tensor(input);
  if (state.dims() != dims) fail(ErrorCode::bad_input, "a state {} for {}", state.description(), dims_text(dims));
  return state;
}

/// Lists of parameters hold one number for each function that takes it, in order.
std::vector<Activation> chosen_activations(const StandardCall& call, std::vector<std::string> names,
                                           int64_t directions) {
  const auto given = call.words("activations");
  const auto alpha = call.numbers("activation_alpha"), beta = call.numbers("activation_beta");
  const size_t count = names.size() * static_cast<size_t>(directions);
  if (!given.empty()) names = given;
  std::vector<Activation> chosen;
  size_t next_alpha = 0, next_beta = 0;
  for (size_t i = 0; i < count; ++i) {
    const ActivationKind& kind = activation_named(names[i % names.size()]);
    auto parameters = kind.otherwise;
    if (kind.takes_alpha && next_alpha < alpha.size()) parameters.alpha = static_cast<float>(alpha[next_alpha++]);
    if (kind.takes_beta && next_beta < beta.size()) parameters.beta = static_cast<float>(beta[next_beta++]);
    chosen.push_back(kind.with(parameters));
  }
  return chosen;
}

void read_weights(const StandardCall& call, Recurrence& r) {
  r.weights = call.tensor(1);
  r.recurrence = call.tensor(2);
  require_type(r.weights, &codecs::f32.info);
  require_type(r.recurrence, &codecs::f32.info);
  const int64_t rows = r.gates * r.hidden;
  if (r.weights.dims() != Dims{r.directions, rows, r.inputs} ||
      r.recurrence.dims() != Dims{r.directions, rows, r.hidden}) {
    fail(ErrorCode::bad_input, "weights {} and {} do not fit {} hidden numbers", r.weights.description(),
         r.recurrence.description(), r.hidden);
  }
  r.bias.assign(static_cast<size_t>(r.directions * 2 * rows), 0);
  if (!call.has(3)) return;
  require_type(call.tensor(3), &codecs::f32.info);
  if (call.tensor(3).count() != static_cast<int64_t>(r.bias.size()))
    fail(ErrorCode::bad_input, "the bias does not fit");
  std::ranges::copy(call.tensor(3).numbers<float>(), r.bias.begin());
}

PackedRecurrence packed_recurrence(const Recurrence& r) {
  PackedRecurrence packed;
  const int64_t rows = r.gates * r.hidden;
  for (int64_t d = 0; d < r.directions; ++d) {
    const float* inputs = r.weights.numbers<float>().data() + d * rows * r.inputs;
    const float* states = r.recurrence.numbers<float>().data() + d * rows * r.hidden;
    packed.inputs.push_back(packed_panels({inputs, 1, r.inputs}, r.inputs, rows));
    packed.states.push_back(packed_panels({states, 1, r.hidden}, r.hidden, rows));
  }
  return packed;
}

Recurrence recurrence_of(const StandardCall& call, int64_t gates, std::vector<std::string> activations) {
  Recurrence r{};
  require_rank(call.tensor(0), 3, 3);
  require_type(call.tensor(0), &codecs::f32.info);
  require_rank(call.tensor(2), 3, 3);
  r.batch_first = call.integer("layout", 0) != 0;
  r.x = r.batch_first ? swap_first_axes(call.tensor(0)) : call.tensor(0);
  r.steps = r.x.dim(0);
  r.batch = r.x.dim(1);
  r.inputs = r.x.dim(2);
  r.gates = gates;
  r.hidden = call.integer("hidden_size", call.tensor(2).dim(2));
  const auto direction = call.word("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    fail(ErrorCode::bad_input, "attribute 'direction' must be forward, reverse or bidirectional");
  }
  r.directions = direction == "bidirectional" ? 2 : 1;
  r.reverse_only = direction == "reverse";
  r.clip = static_cast<float>(call.number("clip", 0));
  r.activations = chosen_activations(call, std::move(activations), r.directions);
  read_weights(call, r);
  const auto pack = [&] { return packed_recurrence(r); };
  const bool keeps = call.keeps(1) && call.keeps(2);
  r.packed = keeps ? call.kept_of(1, pack) : std::make_shared<const PackedRecurrence>(pack());
  r.lengths = call.integers_of(4).value_or(Dims(static_cast<size_t>(r.batch), r.steps));
  if (static_cast<int64_t>(r.lengths.size()) != r.batch) fail(ErrorCode::bad_input, "one length a sequence is needed");
  r.state = initial_state(call, 5, r);
  return r;
}

/// One step of one sequence: sums [gates * hidden] of the inputs and of the state before, the state to change.
struct Step {
  const float* from_input;
  const float* from_state;
  const float* state_bias;  // of the recurrence
  float* state;
  float* cell;  // LSTM
  const Activation* activations;
  const float* recurrence;  // [gates * hidden][hidden]
};

struct RecurrentResult {
  HostTensor all;          // [steps, directions, batch, hidden]
  HostTensor state, cell;  // [directions, batch, hidden]
};

HostTensor copy_of(const HostTensor& x) { return float_tensor(x.dims(), x.numbers<float>()); }

/// rows [count][width] times packed weights.
std::vector<float> project(const float* rows, int64_t count, int64_t width, const std::vector<float>& panels,
                           int64_t outputs) {
  std::vector<float> result(static_cast<size_t>(count * outputs));
  multiply_floats({count, width, outputs, {rows, width, 1}, {}, result.data(), panels.data()}, nullptr);
  return result;
}

void add_row(const float* row, int64_t count, float* to) {
  row_products().apply(RowFunction::add, {to, 1}, {row, 1}, count, to);
}

template <typename Advance>
RecurrentResult run_recurrence(const Recurrence& r, Advance advance) {
  RecurrentResult result{zeros(&codecs::f32.info, {r.steps, r.directions, r.batch, r.hidden}), copy_of(r.state),
                         r.cell.type() ? copy_of(r.cell) : HostTensor()};
  const int64_t rows = r.gates * r.hidden;
  for (int64_t d = 0; d < r.directions; ++d) {
    const auto direction = static_cast<size_t>(d);
    auto inputs = project(r.x.numbers<float>().data(), r.steps * r.batch, r.inputs, r.packed->inputs[direction], rows);
    const float* bias = r.bias.data() + d * 2 * rows;
    const float* recurrence = r.recurrence.numbers<float>().data() + d * rows * r.hidden;
    for (int64_t i = 0; i < r.steps * r.batch; ++i) add_row(bias, rows, inputs.data() + i * rows);
    float* states = result.state.fill<float>().data() + d * r.batch * r.hidden;
    float* cells = r.cell.type() ? result.cell.fill<float>().data() + d * r.batch * r.hidden : nullptr;
    for (int64_t round = 0; round < r.steps; ++round) {
      const auto sums = project(states, r.batch, r.hidden, r.packed->states[direction], rows);
      for (int64_t b = 0; b < r.batch; ++b) {
        const int64_t length = std::clamp<int64_t>(r.lengths[static_cast<size_t>(b)], 0, r.steps);
        if (round >= length) continue;
        const int64_t at = r.backwards(d) ? length - 1 - round : round;
        advance(Step{inputs.data() + (at * r.batch + b) * rows, sums.data() + b * rows, bias + rows,
                     states + b * r.hidden, cells ? cells + b * r.hidden : nullptr,
                     r.activations.data() + d * static_cast<int64_t>(r.activations.size()) / r.directions, recurrence});
        std::copy_n(states + b * r.hidden, r.hidden,
                    result.all.fill<float>().data() + ((at * r.directions + d) * r.batch + b) * r.hidden);
      }
    }
  }
  return result;
}

HostValues outputs_of(const StandardCall& call, const Recurrence& r, const RecurrentResult& result) {
  HostValues outputs{result.all, result.state};
  if (r.cell.type()) outputs.push_back(result.cell);
  if (r.batch_first) {
    const int64_t h = r.hidden, b = r.batch, d = r.directions;
    outputs[0] = copy_view(result.all, {{b, r.steps, d, h}, {h, d * b * h, b * h, 1}, 0});
    for (size_t i = 1; i < outputs.size(); ++i) outputs[i] = swap_first_axes(outputs[i].tensor());
  }
  outputs.resize(std::min(outputs.size(), call.node.outputs.size()));
  return outputs;
}

HostValues evaluate_rnn(const StandardCall& call) {
  const auto r = recurrence_of(call, 1, {"Tanh"});
  return outputs_of(call, r, run_recurrence(r, [&](const Step& step) {
                      for (int64_t i = 0; i < r.hidden; ++i) {
                        const float sum = step.from_input[i] + step.from_state[i] + step.state_bias[i];
                        step.state[i] = step.activations[0](r.clipped(sum));
                      }
                    }));
}

/// Gates in the order update, reset, hidden.
HostValues evaluate_gru(const StandardCall& call) {
  const auto r = recurrence_of(call, 3, {"Sigmoid", "Tanh"});
  const bool reset_last = call.integer("linear_before_reset", 0) != 0;
  const int64_t h = r.hidden;
  std::vector<float> update(static_cast<size_t>(h)), reset(update), kept(update);
  return outputs_of(call, r, run_recurrence(r, [&](const Step& step) {
                      const auto sum = [&](int64_t i) {
                        return step.from_input[i] + step.from_state[i] + step.state_bias[i];
                      };
                      for (int64_t i = 0; i < h; ++i) {
                        const auto at = static_cast<size_t>(i);
                        update[at] = step.activations[0](r.clipped(sum(i)));
                        reset[at] = step.activations[0](r.clipped(sum(h + i)));
                        kept[at] = reset[at] * step.state[i];
                      }
                      std::vector<float> hidden(static_cast<size_t>(h));
                      for (int64_t i = 0; i < h; ++i) {
                        const int64_t row = 2 * h + i;
                        float before = step.from_state[row] + step.state_bias[row];
                        if (reset_last) {
                          before *= reset[static_cast<size_t>(i)];
                        } else {
                          before = step.state_bias[row];
                          for (int64_t j = 0; j < h; ++j)
                            before += step.recurrence[row * h + j] * kept[static_cast<size_t>(j)];
                        }
                        hidden[static_cast<size_t>(i)] = step.activations[1](r.clipped(step.from_input[row] + before));
                      }
                      for (int64_t i = 0; i < h; ++i) {
                        const float share = update[static_cast<size_t>(i)];
                        step.state[i] = (1 - share) * hidden[static_cast<size_t>(i)] + share * step.state[i];
                      }
                    }));
}

/// A step of an LSTM without peepholes, limits and coupled gates, and with its usual activations, row by row.
class PlainLstm {
 public:
  PlainLstm(const FloatFunctions& functions, int64_t hidden)
      : functions_(functions), hidden_(hidden), gates_(static_cast<size_t>(4 * hidden)), cell_(gates_.size() / 4) {}

  void operator()(const Step& step) {
    const int64_t h = hidden_;
    float *in = gates_.data(), *out = in + h, *forget = out + h, *next = forget + h;
    products_.apply(RowFunction::add, {step.from_input, 1}, {step.from_state, 1}, 4 * h, in);
    add_row(step.state_bias, 4 * h, in);
    functions_.sigmoid(in, 3 * h, in);
    functions_.tanh(next, h, next);
    products_.apply(RowFunction::multiply, {forget, 1}, {step.cell, 1}, h, step.cell);
    products_.apply(RowFunction::multiply, {in, 1}, {next, 1}, h, next);
    add_row(next, h, step.cell);
    functions_.tanh(step.cell, h, cell_.data());
    products_.apply(RowFunction::multiply, {out, 1}, {cell_.data(), 1}, h, step.state);
  }

 private:
  const FloatFunctions& functions_;
  const RowProducts& products_ = row_products();
  int64_t hidden_;
  std::vector<float> gates_, cell_;
};

bool is_plain_lstm(const StandardCall& call, const Recurrence& r) {
  const auto names = call.words("activations");
  constexpr std::array<std::string_view, 3> kUsual{"Sigmoid", "Tanh", "Tanh"};
  bool usual = names.empty() || names.size() == kUsual.size() * static_cast<size_t>(r.directions);
  for (size_t i = 0; usual && i < names.size(); ++i) usual = names[i] == kUsual[i % kUsual.size()];
  return usual && r.clip == 0 && call.integer("input_forget", 0) == 0 && !call.has(7);
}

/// Gates in the order input, output, forget, cell.
HostValues evaluate_lstm(const StandardCall& call) {
  auto r = recurrence_of(call, 4, {"Sigmoid", "Tanh", "Tanh"});
  r.cell = initial_state(call, 6, r);
  const FloatFunctions* functions = float_functions();
  if (functions && is_plain_lstm(call, r)) {
    return outputs_of(call, r, run_recurrence(r, PlainLstm(*functions, r.hidden)));
  }
  const bool coupled = call.integer("input_forget", 0) != 0;
  const int64_t h = r.hidden;
  std::vector<float> peepholes(static_cast<size_t>(r.directions * 3 * h), 0);
  if (call.has(7)) {
    require_type(call.tensor(7), &codecs::f32.info);
    if (call.tensor(7).count() != r.directions * 3 * h) fail(ErrorCode::bad_input, "the peepholes do not fit");
    std::ranges::copy(call.tensor(7).numbers<float>(), peepholes.begin());
  }
  return outputs_of(call, r, run_recurrence(r, [&](const Step& step) {
                      const auto direction = (step.activations - r.activations.data()) / 3;
                      const float* peep = peepholes.data() + direction * 3 * h;
                      const auto sum = [&](int64_t gate, int64_t i) {
                        const int64_t row = gate * h + i;
                        return step.from_input[row] + step.from_state[row] + step.state_bias[row];
                      };
                      for (int64_t i = 0; i < h; ++i) {
                        const float old = step.cell[i];
                        const float in = step.activations[0](r.clipped(sum(0, i) + peep[i] * old));
                        const float forget =
                            coupled ? 1 - in : step.activations[0](r.clipped(sum(2, i) + peep[2 * h + i] * old));
                        const float next = step.activations[1](r.clipped(sum(3, i)));
                        step.cell[i] = forget * old + in * next;
                        const float out = step.activations[0](r.clipped(sum(1, i) + peep[h + i] * step.cell[i]));
                        step.state[i] = out * step.activations[2](step.cell[i]);
                      }
                    }));
}

/// All states with their directions, then the last of each kind.
Types infer_recurrent(const graph::NodeTypes& node) {
  auto types = infer_dims(node, storage_of_input(node, 0), 3);
  if (!types.empty()) types[0].dims.push_back(graph::Dim::unknown());
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"RNN", "a plain recurrent network", infer_recurrent}, evaluate_rnn},
    StandardOp{{"GRU", "gated recurrent units", infer_recurrent}, evaluate_gru},
    StandardOp{{"LSTM", "long short-term memory", infer_recurrent}, evaluate_lstm},
};

}  // namespace

std::span<const StandardOp> recurrent_ops() { return kOps; }

}  // namespace adze::ops
