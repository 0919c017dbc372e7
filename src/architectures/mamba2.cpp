#include "architectures/mamba2.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "architectures/decoder_builder.h"
#include "architectures/decoder_config.h"
#include "architectures/weight_tables.h"
#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"Mamba2ForCausalLM", "mamba2", ""}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"hidden_act", "\"silu\""}, {"norm_before_gate", "false"}, {"rms_norm", "true"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"use_bias", "blk.0.ssm_in.bias"},
                                                 {"use_conv_bias", "blk.0.ssm_conv1d.bias"}};
constexpr auto kWeights = std::to_array<WeightName>({
    {"token_embd.weight", "backbone.embeddings.weight"},
    {"token_embd.weight", "backbone.embedding.weight"},
    {"output_norm.weight", "backbone.norm_f.weight"},
    {"output.weight", "lm_head.weight"},
    {"blk.{}.attn_norm.weight", "backbone.layers.{}.norm.weight"},
    {"blk.{}.ssm_in.weight", "backbone.layers.{}.mixer.in_proj.weight"},
    {"blk.{}.ssm_in.bias", "backbone.layers.{}.mixer.in_proj.bias"},
    {"blk.{}.ssm_conv1d.weight", "backbone.layers.{}.mixer.conv1d.weight", Transform::kernel_of_channel},
    {"blk.{}.ssm_conv1d.bias", "backbone.layers.{}.mixer.conv1d.bias"},
    {"blk.{}.ssm_dt.bias", "backbone.layers.{}.mixer.dt_bias"},
    {"blk.{}.ssm_a", "backbone.layers.{}.mixer.A_log", Transform::decay_rate},
    {"blk.{}.ssm_d", "backbone.layers.{}.mixer.D", Transform::column},
    {"blk.{}.ssm_norm.weight", "backbone.layers.{}.mixer.norm.weight", Transform::split_state_groups},
    {"blk.{}.ssm_out.weight", "backbone.layers.{}.mixer.out_proj.weight"},
    {"blk.{}.ssm_out.bias", "backbone.layers.{}.mixer.out_proj.bias"},
});
constexpr auto kConfig = std::to_array<ConfigName>({
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings", ConfigKind::u32, {1 << 20}},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "", ConfigKind::only_gguf, {0}},
    {"attention.head_count", "", ConfigKind::only_gguf, {0}},
    {"vocab_size", "vocab_size"},
    {"attention.layer_norm_rms_epsilon", "layer_norm_epsilon", ConfigKind::f32, {1e-5}},
    {"ssm.conv_kernel", "conv_kernel", ConfigKind::u32, {4}},
    {"ssm.inner_size", "intermediate_size", ConfigKind::u32, {2, "embedding_length"}},
    {"ssm.state_size", "state_size", ConfigKind::u32, {128}},
    {"ssm.time_step_rank", "num_heads", ConfigKind::u32, {128}},
    {"ssm.group_count", "n_groups", ConfigKind::u32, {8}},
    {"ssm.head_size", "head_dim", ConfigKind::state_head},
    {"ssm.time_step_limit", "time_step_limit", ConfigKind::no_limits},
});
// How training begins, or how the same numbers are computed; weights say the rest.
constexpr std::string_view kUnread[] = {
    "chunk_size",       "expand",         "num_heads_per_group", "rescale_prenorm_residual",
    "residual_in_fp32", "ssm_state_size", "time_step_floor",     "time_step_init_scheme",
    "time_step_max",    "time_step_min",  "time_step_rank",      "time_step_scale"};

struct Mamba2Config {
  int64_t layers, features, vocabulary;
  int64_t inner, kernel_width;
  StateSpaceShape space;
  double epsilon;
};

Mamba2Config read_config(const model::Model& model) {
  constexpr int64_t kMax = 1 << 20;
  const auto& config = model.config;
  Mamba2Config c{};
  c.layers = require_between(config, "block_count", 0, 4096);
  c.features = require_between(config, "embedding_length", 0, kMax);
  c.vocabulary = model.tensors.at("token_embd.weight").shape.dims().front();
  c.inner = require_between(config, "ssm.inner_size", 0, kMax);
  c.kernel_width = require_between(config, "ssm.conv_kernel", 0, 16);
  c.space.states = require_between(config, "ssm.state_size", 0, 4096);
  c.space.heads = require_between(config, "ssm.time_step_rank", 0, c.inner);
  c.space.groups = require_between(config, "ssm.group_count", 0, c.space.heads);
  c.space.head_dim = c.inner / c.space.heads;
  c.epsilon = config.require_number("attention.layer_norm_rms_epsilon");
  if (c.inner % c.space.heads != 0 || c.space.heads % c.space.groups != 0) {
    fail(ErrorCode::bad_input, "config: {} inner features, {} heads and {} groups do not divide into each other",
         c.inner, c.space.heads, c.space.groups);
  }
  return c;
}

class Mamba2 {
 public:
  Mamba2(const model::Model& model, const Mamba2Config& config) : c_(config), b_(model, "mamba2") {}

  graph::Graph build() && {
    ValueId x = b_.embedding("token_embd.weight", c_.vocabulary, c_.features);
    for (int64_t layer = 0; layer < c_.layers; ++layer) {
      prefix_ = fmt::format("blk.{}.", layer);
      x = b_.add(named("ssm_residual"), x, mixed(b_.norm(named("attn_norm"), NormKind::rms, x, c_.epsilon)));
    }
    const ValueId last = b_.norm("output_norm", NormKind::rms, b_.rows_with_logits(x), c_.epsilon);
    const auto head = b_.has_weight("output.weight") ? "output.weight" : "token_embd.weight";  // tied
    const ValueId logits = b_.linear_with_weight("output", head, last, c_.vocabulary);
    return std::move(b_).finish(logits);
  }

 private:
  std::string named(std::string_view part) const { return prefix_ + std::string(part); }

  // A gate, what the states are fed with, and a step of each head come out of one product.
  ValueId mixed(ValueId x) {
    const int64_t fed = c_.inner + 2 * c_.space.groups * c_.space.states;
    const ValueId all = b_.linear(named("ssm_in"), x, c_.inner + fed + c_.space.heads);
    const ValueId gate = b_.slice_columns(named("ssm_gate"), all, 0, c_.inner);
    const ValueId rows = b_.slice_columns(named("ssm_rows"), all, c_.inner, fed);
    const ValueId steps = b_.slice_columns(named("ssm_steps"), all, c_.inner + fed, c_.space.heads);
    const ValueId convolved = b_.causal_convolution(named("ssm_conv1d"), rows, c_.kernel_width);
    const ValueId read = b_.selective_scan(prefix_, convolved, steps, c_.space);
    const ValueId gated = b_.swiglu(named("ssm_gated"), gate, read);
    const ValueId normed = b_.norm_of_heads(named("ssm_norm"), NormKind::rms, gated, c_.epsilon, c_.space.groups);
    return b_.linear(named("ssm_out"), normed, c_.features);
  }

  const Mamba2Config c_;
  DecoderBuilder b_;
  std::string prefix_;
};

graph::Graph build(const model::Model& model) { return Mamba2(model, read_config(model)).build(); }

}  // namespace

const Architecture mamba2{"mamba2",
                          "Mamba 2: a state of fixed size for each layer instead of attention",
                          kHuggingFaceClasses,
                          kHuggingFaceConstants,
                          kHuggingFaceFlags,
                          kWeights,
                          kConfig,
                          build,
                          {},
                          kUnread};

}  // namespace adze::architectures
