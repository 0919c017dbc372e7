// Text -> token ids -> text. Built once from a TokenizerSpec, then immutable: any number of threads may share it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

struct EncodeOptions {
  bool add_special = true;    // put the tokenizer's own bos/eos around the ids
  bool parse_special = true;  // recognize control tokens in the text; false for untrusted text
};

struct DecodeOptions {
  bool skip_special = false;  // leave control tokens out
  bool continues = false;     // the ids go on from earlier text, so a leading space is meant
};

class Tokenizer {
 public:
  /// Throws Error(bad_input | unsupported) when the spec cannot be run.
  explicit Tokenizer(TokenizerSpec spec);
  /// Shares the spec instead of copying it. REQUIRES: not null.
  explicit Tokenizer(std::shared_ptr<const TokenizerSpec> spec);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// Bytes that are not UTF-8 count as U+FFFD. Throws Error(bad_input) if a pattern exceeds its match limit.
  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;

  /// Always valid UTF-8: bytes that do not form a character become U+FFFD. Ids out of range are Error(bad_input).
  std::string decode(std::span<const int32_t> ids, const DecodeOptions& options = {}) const;

  size_t vocabulary_size() const;
  /// The token as the vocabulary spells it ("Ġthe"). Throws Error(bad_input) for an id out of range.
  const std::string& token_text(int32_t id) const;
  /// What the token adds to a text that has begun; maybe part of a character. Throws Error(bad_input) likewise.
  std::string token_bytes(int32_t id) const;
  /// The id of the token spelled `text`, added tokens included; kNoToken if there is none.
  int32_t find_token(std::string_view text) const;

  bool is_control(int32_t id) const;
  /// eos, eot, eom, the spec's end_ids and the known end-of-turn tokens of chat models.
  bool is_end_of_generation(int32_t id) const;
  const SpecialTokenIds& special() const;
  const TokenizerSpec& spec() const;

 private:
  friend class StreamingDecoder;
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

/// Turns ids into text as they come; never emits half a UTF-8 character. The tokenizer must outlive it.
/// The pieces concatenate to what decode() gives for all ids.
class StreamingDecoder {
 public:
  explicit StreamingDecoder(const Tokenizer& tokenizer, const DecodeOptions& options = {});

  /// The text that `id` completes; empty while a character is incomplete.
  std::string push(int32_t id);
  /// The end: bytes still held back become U+FFFD.
  std::string finish();

 private:
  std::string take_complete(bool at_end);

  const Tokenizer& tokenizer_;
  DecodeOptions options_;
  std::string held_;  // bytes decoded but not emitted
  bool first_ = true;
  int strip_left_ = 0;
};

}  // namespace adze::text
