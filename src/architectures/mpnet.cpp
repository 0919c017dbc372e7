#include "architectures/mpnet.h"

#include "architectures/encoder.h"
#include "architectures/encoder_tables.h"

namespace adze::architectures {
namespace {

constexpr const char* kClassifier = "cls.output.weight";

constexpr HuggingFaceClass kHuggingFaceClasses[] = {
    {"MPNetForMaskedLM", "mpnet", "", "", "mpnet.", true},
    {"MPNetModel", "mpnet", "", "", "", true},
    {"MPNetForSequenceClassification", "mpnet", "", kClassifier, "mpnet.", true},
};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "\"gelu\""}};
constexpr auto kWeights =
    joined(kEncoderWeights, std::to_array<WeightName>({
                                {"attn_rel_b.weight", "encoder.relative_attention_bias.weight"},
                                {"blk.{}.attn_q.weight", "encoder.layer.{}.attention.attn.q.weight"},
                                {"blk.{}.attn_q.bias", "encoder.layer.{}.attention.attn.q.bias"},
                                {"blk.{}.attn_k.weight", "encoder.layer.{}.attention.attn.k.weight"},
                                {"blk.{}.attn_k.bias", "encoder.layer.{}.attention.attn.k.bias"},
                                {"blk.{}.attn_v.weight", "encoder.layer.{}.attention.attn.v.weight"},
                                {"blk.{}.attn_v.bias", "encoder.layer.{}.attention.attn.v.bias"},
                                {"blk.{}.attn_output.weight", "encoder.layer.{}.attention.attn.o.weight"},
                                {"blk.{}.attn_output.bias", "encoder.layer.{}.attention.attn.o.bias"},
                                {"blk.{}.attn_output_norm.weight", "encoder.layer.{}.attention.LayerNorm.weight"},
                                {"blk.{}.attn_output_norm.bias", "encoder.layer.{}.attention.LayerNorm.bias"},
                                {"cls.weight", "classifier.dense.weight", Transform::none, "", "", true},
                                {"cls.bias", "classifier.dense.bias", Transform::none, "", "", true},
                                {"cls.output.weight", "classifier.out_proj.weight", Transform::none, "", "", true},
                                {"cls.output.bias", "classifier.out_proj.bias", Transform::none, "", "", true},
                            }));
constexpr auto kConfig =
    joined(kEncoderConfig,
           std::to_array<ConfigName>({{"attention.relative_buckets_count", "relative_attention_num_buckets"}}));

graph::Graph build(const model::Model& model) { return build_encoder(model, "mpnet"); }

}  // namespace

const Architecture mpnet{"mpnet",
                         "MPNet: an encoder whose scores also follow distances",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         {},
                         kWeights,
                         kConfig,
                         build,
                         kUnusedOfEncoders,
                         kUnreadOfEncoders};

}  // namespace adze::architectures
