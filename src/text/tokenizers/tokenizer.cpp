#include "text/tokenizers/tokenizer.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizers/added_tokens.h"
#include "text/tokenizers/normalizer.h"
#include "text/tokenizers/pre_tokenizer.h"
#include "text/tokenizers/special_token_names.h"
#include "text/tokenizers/token_decoder.h"
#include "text/tokenizers/word_boundaries.h"
#include "text/tokenizers/word_model.h"

namespace adze::text {
namespace {

void check_id(const TokenizerSpec& spec, int32_t id) {
  if (id < 0 || static_cast<size_t>(id) >= spec.tokens.size()) {
    fail(ErrorCode::bad_input, "{}: token id {} is outside the vocabulary of {} tokens", spec.source, id,
         spec.tokens.size());
  }
}

// Ids that a spec names must exist; the tables index by them without looking again.
void check_spec(const TokenizerSpec& spec) {
  if (spec.tokens.empty()) fail(ErrorCode::bad_input, "{}: the vocabulary has no tokens", spec.source);
  if (spec.tokens.size() > INT32_MAX) fail(ErrorCode::unsupported, "{}: the vocabulary is too large", spec.source);
  for (const auto& token : spec.added_tokens) check_id(spec, token.id);
  for (const int32_t id : spec.prefix_ids) check_id(spec, id);
  for (const int32_t id : spec.suffix_ids) check_id(spec, id);
}

// Text repeats its words: remembers where in the output the ids of recent ones are.
class RepeatedWords {
 public:
  // The words are views into one text of `text_bytes` that outlives this; a short text is not worth remembering.
  explicit RepeatedWords(size_t text_bytes) : slots_(text_bytes < kWorthwhileBytes ? 0 : kSlots) {}

  bool copy(std::string_view word, std::vector<int32_t>& ids) const {
    if (slots_.empty()) return false;
    const Slot& slot = slots_[slot_of(word)];
    if (slot.word != word) return false;
    for (size_t i = slot.begin; i < slot.end; ++i) ids.push_back(ids[i]);
    return true;
  }

  void remember(std::string_view word, size_t begin, size_t end) {
    if (!slots_.empty() && word.size() <= kLongestWord) slots_[slot_of(word)] = {word, begin, end};
  }

 private:
  static constexpr size_t kSlots = 8192;  // a power of two
  static constexpr size_t kWorthwhileBytes = 8192;
  static constexpr size_t kLongestWord = 64;
  struct Slot {
    std::string_view word;
    size_t begin = 0;
    size_t end = 0;
  };
  static size_t slot_of(std::string_view word) { return std::hash<std::string_view>{}(word) & (kSlots - 1); }

  std::vector<Slot> slots_;
};

}  // namespace

namespace {

// Everything that is computed from a spec; never changed.
struct BuiltParts {
  explicit BuiltParts(std::shared_ptr<const TokenizerSpec> from)
      : shared_spec(std::move(from)),
        spec(*shared_spec),
        normalizer(spec.normalizer),
        pre_tokenizer(spec.pre_tokenizer),
        raw_finder(spec.added_tokens, false, normalizer),
        normalized_finder(spec.added_tokens, true, normalizer),
        model(make_word_model(spec)),
        boundaries(spec),
        decoder(spec, normalizer),
        end_ids(end_of_generation_ids(spec)) {}

  void encode_words(const Words& words, std::vector<int32_t>& ids) const;
  void encode_text(std::string_view text, bool at_start, bool parse_special, std::vector<int32_t>& ids) const;

  std::shared_ptr<const TokenizerSpec> shared_spec;
  const TokenizerSpec& spec;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  AddedTokenFinder raw_finder;
  AddedTokenFinder normalized_finder;
  std::unique_ptr<const WordModel> model;
  WordBoundaries boundaries;
  TokenDecoder decoder;
  std::vector<int32_t> end_ids;
};

void BuiltParts::encode_words(const Words& words, std::vector<int32_t>& ids) const {
  Scratch scratch;
  RepeatedWords repeated(words.text.size());
  for (const TextRange& range : words.ranges) {
    boundaries.for_each_part(words.word(range), [&](std::string_view word) {
      if (repeated.copy(word, ids)) return;
      const size_t before = ids.size();
      model->encode(word, scratch, ids);
      repeated.remember(word, before, ids.size());
    });
  }
}

// Text without raw added tokens: normalize, cut out the normalized ones, split into words, encode each.
void BuiltParts::encode_text(std::string_view text, bool at_start, bool parse_special,
                             std::vector<int32_t>& ids) const {
  const std::string normalized = normalizer.run(text);
  for (const TextPiece& piece : normalized_finder.cut(normalized, parse_special)) {
    if (piece.id != kNoToken) {
      ids.push_back(piece.id);
      continue;
    }
    const Words words = pre_tokenizer.run(std::string(piece.text), at_start && piece.text.data() == normalized.data());
    encode_words(words, ids);
  }
}

// Whoever reads a model checks its tokenizer, and whoever runs the model needs the same one right after that; building
// it takes longer than all the rest of opening a vocabulary. So the latest is kept. It holds its spec, so that the
// address of the spec names it.
std::shared_ptr<const BuiltParts> build_parts(std::shared_ptr<const TokenizerSpec> spec) {
  static std::mutex mutex;
  static std::shared_ptr<const BuiltParts> latest;
  {
    const std::lock_guard lock(mutex);
    if (latest && latest->shared_spec == spec) return latest;
  }
  auto built = std::make_shared<const BuiltParts>(std::move(spec));
  const std::lock_guard lock(mutex);
  return latest = std::move(built);
}

}  // namespace

struct Tokenizer::Parts {
  std::shared_ptr<const BuiltParts> built;
};

Tokenizer::Tokenizer(TokenizerSpec spec) : Tokenizer(std::make_shared<const TokenizerSpec>(std::move(spec))) {}

Tokenizer::Tokenizer(std::shared_ptr<const TokenizerSpec> spec) {
  check_spec(*spec);
  parts_ = with_context(spec->source, [&] { return std::make_unique<const Parts>(Parts{build_parts(spec)}); });
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<int32_t> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  const std::string repaired = is_valid_utf8(text) ? std::string() : replace_invalid_utf8(text);
  if (!repaired.empty()) text = repaired;
  std::vector<int32_t> ids;
  if (options.add_special) ids = parts_->built->spec.prefix_ids;
  for (const TextPiece& piece : parts_->built->raw_finder.cut(text, options.parse_special)) {
    if (piece.id != kNoToken) {
      ids.push_back(piece.id);
    } else {
      parts_->built->encode_text(piece.text, piece.text.data() == text.data(), options.parse_special, ids);
    }
  }
  if (options.add_special)
    ids.insert(ids.end(), parts_->built->spec.suffix_ids.begin(), parts_->built->spec.suffix_ids.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, const DecodeOptions& options) const {
  StreamingDecoder decoder(*this, options);
  std::string text;
  for (const int32_t id : ids) text += decoder.push(id);
  return text + decoder.finish();
}

size_t Tokenizer::vocabulary_size() const { return parts_->built->spec.tokens.size(); }

const std::string& Tokenizer::token_text(int32_t id) const {
  check_id(parts_->built->spec, id);
  return parts_->built->spec.tokens[static_cast<size_t>(id)].text;
}

std::string Tokenizer::token_bytes(int32_t id) const {
  check_id(parts_->built->spec, id);
  return parts_->built->decoder.bytes_of(id, false);
}

int32_t Tokenizer::find_token(std::string_view text) const {
  const auto& added = parts_->built->spec.added_tokens;
  const auto found = std::find_if(added.begin(), added.end(), [&](const auto& token) { return token.text == text; });
  if (found != added.end()) return found->id;
  const auto& tokens = parts_->built->spec.tokens;
  const auto token = std::find_if(tokens.begin(), tokens.end(), [&](const auto& entry) { return entry.text == text; });
  return token == tokens.end() || text.empty() ? kNoToken : static_cast<int32_t>(token - tokens.begin());
}

bool Tokenizer::is_control(int32_t id) const {
  check_id(parts_->built->spec, id);
  const TokenType type = parts_->built->spec.tokens[static_cast<size_t>(id)].type;
  return type == TokenType::control || type == TokenType::unknown;
}

bool Tokenizer::is_end_of_generation(int32_t id) const {
  return std::binary_search(parts_->built->end_ids.begin(), parts_->built->end_ids.end(), id);
}

const SpecialTokenIds& Tokenizer::special() const { return parts_->built->spec.special; }
const TokenizerSpec& Tokenizer::spec() const { return parts_->built->spec; }

StreamingDecoder::StreamingDecoder(const Tokenizer& tokenizer, const DecodeOptions& options)
    : tokenizer_(tokenizer),
      options_(options),
      first_(!options.continues),
      strip_left_(options.continues ? 0 : tokenizer.parts_->built->decoder.strip_count()) {}

std::string StreamingDecoder::push(int32_t id) {
  if (options_.skip_special && tokenizer_.is_control(id)) return {};
  check_id(tokenizer_.spec(), id);
  held_ += tokenizer_.parts_->built->decoder.bytes_of(id, first_);
  first_ = false;
  return take_complete(false);
}

std::string StreamingDecoder::finish() { return take_complete(true); }

std::string StreamingDecoder::take_complete(bool at_end) {
  const std::string& strip = tokenizer_.parts_->built->decoder.strip_text();
  size_t stripped = 0;
  for (; strip_left_ > 0 && std::string_view(held_).substr(stripped).starts_with(strip); --strip_left_) {
    stripped += strip.size();
  }
  held_.erase(0, stripped);
  const bool may_strip_more = strip_left_ > 0 && std::string_view(strip).starts_with(held_);
  if (may_strip_more && !at_end) return {};
  strip_left_ = 0;
  const size_t complete = held_.size() - (at_end ? 0 : incomplete_utf8_suffix(held_));
  std::string out = replace_invalid_utf8(std::string_view(held_).substr(0, complete));
  held_.erase(0, complete);
  return out;
}

}  // namespace adze::text
