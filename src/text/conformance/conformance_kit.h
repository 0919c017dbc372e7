// What a tokenizer and chat templates made of samples, small enough to travel with every model, samples included:
// whoever reads the model computes it again and sees whether they still do the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/tokenizers/tokenizer.h"

namespace adze::text {

struct SampleOutcome {
  std::vector<int32_t> ids;
  std::string text;    // the first kKeptBytes of it
  uint64_t bytes = 0;  // of all of it; of a vocabulary's list: the number of entries
  std::string sha256;  // of all of it, where not all is kept; else empty

  bool operator==(const SampleOutcome&) const = default;
};

enum class SampleKind : uint8_t {
  text,           // its ids, and the text that these give back
  special_token,  // "bos": its id and spelling; "end of generation": all ids that end one
  conversation,   // the text that a chat template makes of it
  vocabulary,     // "tokens", "merges", "scores": how many, and a checksum
};

struct KitLine {
  SampleKind kind = SampleKind::text;
  std::string sample;         // the text, the name of a special token or list, or the conversation as JSON
  std::string chat_template;  // of a conversation: the template's name, empty for the default one
  SampleOutcome outcome;
  std::optional<SampleOutcome> original;  // what the model that this one was made from did, where that was otherwise
};

/// Lines of one conversation are neighbours.
using ConformanceKit = std::vector<KitLine>;
/// Sources by name; the default one has the empty name.
using ChatTemplateList = std::vector<std::pair<std::string, std::string>>;

/// Of the built-in samples and a text made of the tokenizer's control tokens. `tokenizer` may be null. A pattern
/// that takes too long for a sample leaves that one out.
ConformanceKit make_conformance_kit(const Tokenizer* tokenizer, const ChatTemplateList& templates);

/// Where they do otherwise now than `kit` says, of its own samples: a sentence for each kind of sample and each
/// template, with what was expected and what came out.
std::vector<std::string> conformance_faults(const ConformanceKit& kit, const Tokenizer* tokenizer,
                                            const ChatTemplateList& templates);

/// `written` with the outcomes of the model that it was made from: `original` is that one's kit. Not of vocabularies,
/// which formats store otherwise.
ConformanceKit with_originals(ConformanceKit written, const ConformanceKit& original);

/// What got lost on the way from the original, as sentences.
std::vector<std::string> conformance_losses(const ConformanceKit& kit);

/// JSON on one line (docs/conformance.md).
std::string to_text(const ConformanceKit& kit);
/// Error(bad_input) for anything but what to_text() writes, Error(unsupported) for a later version of it.
ConformanceKit read_conformance_kit(std::string_view text, const std::string& source);

}  // namespace adze::text
