// Decoder-only language models, described by what neither their config nor their weights tell. Everything else is
// discovered: fused or separate projections, biases, norms of queries and keys, norms behind blocks, gates, experts,
// soft caps, factors.
#pragma once

#include <string_view>

#include "architectures/decoder_builder.h"
#include "architectures/decoder_config.h"
#include "graph/graph.h"
#include "model/model.h"

namespace adze::architectures {

enum class FeedForwardActivation { silu, gelu, gelu_tanh, clamped_silu };

/// Where the feed-forward block reads from: from what attention has added to, or from what attention reads too.
enum class Residual { sequential, parallel };

/// How rows are sent to experts; see ops/route_experts.
struct Routing {
  std::string_view scores = "softmax";
  bool normalize = false;
  std::string_view group_scores = "best_two";
};

struct DecoderStyle {
  std::string_view architecture;  // for messages
  NormKind norm = NormKind::rms;
  /// "halves" or "interleaved"; empty where positions are not rotated.
  std::string_view rotary_layout = "halves";
  FeedForwardActivation activation = FeedForwardActivation::silu;
  Residual residual = Residual::sequential;
  /// Where config has a window: of so many layers the last one sees the whole history; 0: none does.
  int64_t full_attention_period = 0;
  /// Rotary base of layers with a window where it differs; 0: the same, with the same scaling.
  double window_rotary_base = 0;
  /// Of so many layers the last one does not rotate; 0: all do.
  int64_t unrotated_period = 0;
  Routing routing{};
  /// The norm before the feed-forward block; a norm called otherwise may follow attention.
  std::string_view feed_forward_norm = "ffn_norm";
  GateClamp clamp{};  // of clamped_silu
};

/// Error(bad_input) listing every missing, misshaped or unexpected weight.
graph::Graph build_decoder(const model::Model& model, const DecoderStyle& style);

/// The same with settings that an architecture has changed.
graph::Graph build_decoder(const model::Model& model, const DecoderConfig& config, const DecoderStyle& style);

}  // namespace adze::architectures
