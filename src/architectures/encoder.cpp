#include "architectures/encoder.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "architectures/decoder_builder.h"
#include "architectures/decoder_config.h"
#include "base/error.h"
#include "model/pooling.h"

namespace adze::architectures {
namespace {

constexpr std::string_view kDistanceBias = "attn_rel_b.weight";

/// One model being built: the blocks that the layers are made of.
class Encoder {
 public:
  Encoder(const model::Model& model, std::string_view architecture)
      : ranks_(model::pooling_of(model) == model::Pooling::rank),
        c_(read_decoder_config(model)),
        b_(model, architecture) {
    if (ranks_ && !b_.has_weight("cls.output.weight") && !b_.has_weight("cls.weight")) {
      fail(ErrorCode::bad_input, "pooling 'rank' needs a classifier, and the model has none; choose another pooling");
    }
  }

  graph::Graph build() && {
    ValueId x = embedded();
    for (int64_t layer = 0; layer < c_.layers; ++layer) {
      prefix_ = fmt::format("blk.{}.", layer);
      x = normed("attn_output_norm", b_.add(named("attn_residual"), attention(x), x));
      x = normed("layer_output_norm", b_.add(named("ffn_residual"), feed_forward(x), x));
    }
    const ValueId rows = b_.rows_with_logits(x);
    const ValueId result = ranks_ ? classified(rows) : rows;
    if (!ranks_) b_.ignore_weights({"cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias"});
    return std::move(b_).finish(result);
  }

 private:
  std::string named(std::string_view part) const { return prefix_ + std::string(part); }

  ValueId normed(std::string_view part, ValueId x) { return b_.norm(named(part), NormKind::layer, x, c_.epsilon); }

  ValueId embedded() {
    ValueId x = b_.embedding("token_embd.weight", c_.vocabulary, c_.features);
    if (b_.has_weight("token_types.weight")) x = b_.add("embedding_with_type", x, b_.token_types(c_.features));
    if (b_.has_weight("position_embd.weight")) x = b_.add("embedding_sum", x, b_.position_embedding(c_.features));
    return b_.norm("token_embd_norm", NormKind::layer, x, c_.epsilon);
  }

  ValueId attention(ValueId x) {
    const AttentionShape shape{.query_heads = c_.heads, .key_heads = c_.key_heads, .head_dim = c_.head_dim};
    const int64_t keys = c_.key_heads * c_.head_dim;
    const ValueId q = b_.linear(named("attn_q"), x, c_.heads * c_.head_dim);
    const ValueId k = b_.linear(named("attn_k"), x, keys);
    const ValueId v = b_.linear(named("attn_v"), x, keys);
    const auto bias = b_.has_weight(kDistanceBias) ? kDistanceBias : std::string_view();
    return b_.linear(named("attn_output"), b_.self_attention(named("attn"), {q, k, v}, shape, bias), c_.features);
  }

  ValueId feed_forward(ValueId x) {
    const ValueId hidden = b_.gelu(named("ffn_act"), b_.linear(named("ffn_up"), x, c_.hidden), false);
    return b_.linear(named("ffn_down"), hidden, c_.features);
  }

  ValueId classified(ValueId x) {
    if (b_.has_weight("cls.weight")) {
      x = b_.tanh("cls_act", b_.linear("cls", x, b_.rows_of("cls.weight")));
    }
    if (!b_.has_weight("cls.output.weight")) return x;
    return b_.linear("cls.output", x, b_.rows_of("cls.output.weight"));
  }

  bool ranks_;
  DecoderConfig c_;
  DecoderBuilder b_;
  std::string prefix_;
};

}  // namespace

graph::Graph build_encoder(const model::Model& model, std::string_view architecture) {
  return Encoder(model, architecture).build();
}

}  // namespace adze::architectures
