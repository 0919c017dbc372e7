#include "text/tokenizers/sentencepiece_model.h"

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizers/protobuf_fields.h"
#include "text/tokenizers/special_token_names.h"
#include "text/tokenizers/word_boundaries.h"

namespace adze::text {
namespace {

// Numbers of sentencepiece_model.proto.
namespace model_field {
constexpr uint32_t kPieces = 1, kTrainer = 2, kNormalizer = 3;
}
namespace piece_field {
constexpr uint32_t kText = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr uint32_t kModelType = 3, kSpaceBehind = 24, kByteFallback = 35;
constexpr uint32_t kUnknown = 40, kBos = 41, kEos = 42, kPad = 43;
}  // namespace trainer_field
namespace normalizer_field {
constexpr uint32_t kCharacterMap = 2, kDummyPrefix = 3, kRemoveExtraSpaces = 4, kEscapeSpaces = 5;
}
constexpr uint64_t kUnigram = 1, kBpe = 2;

NormalizerStep normalizer_step(NormalizerStep::Kind kind, std::string_view pattern = {},
                               std::string_view content = {}) {
  return {.kind = kind, .pattern = std::string(pattern), .content = std::string(content)};
}

class ModelReader {
 public:
  explicit ModelReader(TokenizerSpec& spec) : spec_(spec) {}

  void read(std::string_view bytes) {
    ProtobufFields fields(bytes, spec_.source);
    for (ProtobufField field; fields.next(field);) {
      if (field.kind != ProtobufField::Kind::bytes) continue;
      if (field.number == model_field::kPieces) read_piece(field.bytes);
      if (field.number == model_field::kTrainer) read_trainer(field.bytes);
      if (field.number == model_field::kNormalizer) read_normalizer(field.bytes);
    }
    if (spec_.tokens.empty()) fail(ErrorCode::bad_input, "{}: has no pieces", spec_.source);
    set_model();
    set_steps();
    set_special_tokens();
  }

 private:
  void read_piece(std::string_view bytes) {
    VocabularyToken token;
    uint64_t type = static_cast<uint64_t>(TokenType::normal);  // the numbers are the same
    ProtobufFields fields(bytes, spec_.source);
    for (ProtobufField field; fields.next(field);) {
      if (field.number == piece_field::kText && field.kind == ProtobufField::Kind::bytes) token.text = field.bytes;
      if (field.number == piece_field::kScore && field.kind == ProtobufField::Kind::bits32)
        token.score = field.as_float();
      if (field.number == piece_field::kType && field.kind == ProtobufField::Kind::number) type = field.value;
    }
    const size_t id = spec_.tokens.size();
    if (type < static_cast<uint64_t>(TokenType::normal) || type > static_cast<uint64_t>(TokenType::byte)) {
      fail(ErrorCode::bad_input, "{}: piece {} is of type {}, which is none", spec_.source, id, type);
    }
    if (!std::isfinite(token.score) || !is_valid_utf8(token.text)) {
      fail(ErrorCode::bad_input, "{}: piece {} has a score that is no number, or a text that is not UTF-8",
           spec_.source, id);
    }
    token.type = static_cast<TokenType>(type);
    spec_.tokens.push_back(std::move(token));
  }

  void read_trainer(std::string_view bytes) {
    ProtobufFields fields(bytes, spec_.source);
    for (ProtobufField field; fields.next(field);) {
      if (field.kind != ProtobufField::Kind::number) continue;
      const auto id = static_cast<int32_t>(field.value);  // -1 has all bits set
      if (field.number == trainer_field::kModelType) model_type_ = field.value;
      if (field.number == trainer_field::kSpaceBehind) space_behind_ = field.value != 0;
      if (field.number == trainer_field::kByteFallback) spec_.byte_fallback = field.value != 0;
      if (field.number == trainer_field::kUnknown) unk_ = id;
      if (field.number == trainer_field::kBos) bos_ = id;
      if (field.number == trainer_field::kEos) eos_ = id;
      if (field.number == trainer_field::kPad) pad_ = id;
    }
  }

  void read_normalizer(std::string_view bytes) {
    ProtobufFields fields(bytes, spec_.source);
    for (ProtobufField field; fields.next(field);) {
      if (field.kind == ProtobufField::Kind::bytes && field.number == normalizer_field::kCharacterMap)
        character_map_ = field.bytes;
      if (field.kind != ProtobufField::Kind::number) continue;
      if (field.number == normalizer_field::kDummyPrefix) dummy_prefix_ = field.value != 0;
      if (field.number == normalizer_field::kRemoveExtraSpaces) remove_extra_spaces_ = field.value != 0;
      if (field.number == normalizer_field::kEscapeSpaces) escape_spaces_ = field.value != 0;
    }
  }

  void set_model() {
    if (model_type_ != kUnigram && model_type_ != kBpe) {
      fail(ErrorCode::unsupported, "{}: a SentencePiece model of words or characters is not supported", spec_.source);
    }
    if (space_behind_ || !escape_spaces_) {
      fail(ErrorCode::unsupported, "{}: a SentencePiece model that does not mark spaces in front is not supported",
           spec_.source);
    }
    spec_.model = model_type_ == kBpe ? TokenModel::scored_bpe : TokenModel::unigram;
    spec_.fuse_unknown = true;
    spec_.user_defined_in_words = true;
  }

  void set_steps() {
    using Step = NormalizerStep::Kind;
    if (!character_map_.empty()) spec_.normalizer.push_back(normalizer_step(Step::precompiled, {}, character_map_));
    if (remove_extra_spaces_) spec_.normalizer.push_back(normalizer_step(Step::collapse_spaces));
    if (dummy_prefix_) spec_.normalizer.push_back(normalizer_step(Step::prepend, {}, kSpaceMark));
    spec_.normalizer.push_back(normalizer_step(Step::replace_text, " ", kSpaceMark));
    spec_.decoder.push_back({DecoderStep::Kind::replace_text, std::string(kSpaceMark), " "});
    spec_.decoder.push_back({DecoderStep::Kind::byte_fallback, {}, {}});
    if (dummy_prefix_) spec_.decoder.push_back({DecoderStep::Kind::strip_start, " ", {}, 1});
  }

  int32_t existing(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < spec_.tokens.size() ? id : kNoToken;
  }

  void set_special_tokens() {
    spec_.special.unk = existing(unk_);
    spec_.special.bos = existing(bos_);
    spec_.special.eos = existing(eos_);
    spec_.special.pad = existing(pad_);
    for (size_t id = 0; id < spec_.tokens.size(); ++id) {
      const VocabularyToken& token = spec_.tokens[id];
      const bool control = token.type == TokenType::control || token.type == TokenType::unknown;
      if (control && !token.text.empty()) {
        spec_.added_tokens.push_back({.id = static_cast<int32_t>(id), .text = token.text, .special = true});
      }
    }
    const bool is_bpe = model_type_ == kBpe;
    if (is_bpe && spec_.special.bos != kNoToken) spec_.prefix_ids = {spec_.special.bos};
    if (!is_bpe && spec_.special.eos != kNoToken) spec_.suffix_ids = {spec_.special.eos};
    find_special_tokens(spec_);
  }

  TokenizerSpec& spec_;
  // What holds where the file says nothing.
  uint64_t model_type_ = kUnigram;
  int32_t unk_ = 0, bos_ = 1, eos_ = 2, pad_ = -1;
  bool space_behind_ = false, dummy_prefix_ = true, remove_extra_spaces_ = true, escape_spaces_ = true;
  std::string character_map_;
};

}  // namespace

TokenizerSpec read_sentencepiece_model(std::string_view bytes, const std::string& source) {
  TokenizerSpec spec;
  spec.source = source;
  ModelReader(spec).read(bytes);
  return spec;
}

}  // namespace adze::text
