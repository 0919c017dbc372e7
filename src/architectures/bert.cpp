#include "architectures/bert.h"

#include "architectures/encoder.h"
#include "architectures/encoder_tables.h"

namespace adze::architectures {
namespace {

constexpr const char* kClassifier = "cls.output.weight";
constexpr const char* kOffset = "position_offset";

// The last that a model has all the needs of is written; those without needs in front are only read.
constexpr HuggingFaceClass kHuggingFaceClasses[] = {
    {"BertForMaskedLM", "bert", "", "", "bert."},
    {"RobertaModel", "roberta", "", "", "", true},
    {"RobertaForMaskedLM", "roberta", "", "", "roberta.", true},
    {"RobertaForSequenceClassification", "roberta", kOffset, kClassifier, "roberta.", true},
    {"CamembertModel", "camembert", "", "", "", true},
    {"XLMRobertaForMaskedLM", "xlm-roberta", "", "", "roberta.", true},
    {"BertModel", "bert", "", "", ""},
    {"BertForSequenceClassification", "bert", "", kClassifier, "bert."},
    {"XLMRobertaModel", "xlm-roberta", kOffset, "", "", true},
    {"XLMRobertaForSequenceClassification", "xlm-roberta", kOffset, kClassifier, "roberta.", true},
};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {
    {"hidden_act", "\"gelu\""}, {"position_embedding_type", "\"absolute\""}, {"is_decoder", "false"}};
constexpr auto kWeights = joined(
    kEncoderWeights, std::to_array<WeightName>({
                         {"blk.{}.attn_q.weight", "encoder.layer.{}.attention.self.query.weight"},
                         {"blk.{}.attn_q.bias", "encoder.layer.{}.attention.self.query.bias"},
                         {"blk.{}.attn_k.weight", "encoder.layer.{}.attention.self.key.weight"},
                         {"blk.{}.attn_k.bias", "encoder.layer.{}.attention.self.key.bias"},
                         {"blk.{}.attn_v.weight", "encoder.layer.{}.attention.self.value.weight"},
                         {"blk.{}.attn_v.bias", "encoder.layer.{}.attention.self.value.bias"},
                         {"blk.{}.attn_output.weight", "encoder.layer.{}.attention.output.dense.weight"},
                         {"blk.{}.attn_output.bias", "encoder.layer.{}.attention.output.dense.bias"},
                         {"blk.{}.attn_output_norm.weight", "encoder.layer.{}.attention.output.LayerNorm.weight"},
                         {"blk.{}.attn_output_norm.bias", "encoder.layer.{}.attention.output.LayerNorm.bias"},
                         {"blk.{}.attn_output_norm.weight", "encoder.layer.{}.attention.output.LayerNorm.gamma"},
                         {"blk.{}.attn_output_norm.bias", "encoder.layer.{}.attention.output.LayerNorm.beta"},
                         {"cls.weight", "classifier.dense.weight", Transform::none, "", kOffset, true},
                         {"cls.bias", "classifier.dense.bias", Transform::none, "", kOffset, true},
                         {"cls.output.weight", "classifier.out_proj.weight", Transform::none, "", kOffset, true},
                         {"cls.output.bias", "classifier.out_proj.bias", Transform::none, "", kOffset, true},
                         {"cls.weight", "pooler.dense.weight"},
                         {"cls.bias", "pooler.dense.bias"},
                         {"cls.output.weight", "classifier.weight", Transform::none, "", "", true},
                         {"cls.output.bias", "classifier.bias", Transform::none, "", "", true},
                     }));
graph::Graph build(const model::Model& model) { return build_encoder(model, "bert"); }

}  // namespace

const Architecture bert{"bert",
                        "BERT, RoBERTa, XLM-R: encoders for embeddings and ranking",
                        kHuggingFaceClasses,
                        kHuggingFaceConstants,
                        {},
                        kWeights,
                        kEncoderConfig,
                        build,
                        kUnusedOfEncoders,
                        kUnreadOfEncoders};

}  // namespace adze::architectures
