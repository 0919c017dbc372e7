// The samples of a conformance kit: the built-in ones, or those that a kit brings along.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/conformance/conformance_kit.h"
#include "text/samples/sample_conversations.h"

namespace adze::text {

struct KitSamples {
  std::vector<std::string> texts;
  std::vector<SampleConversation> conversations;
};

using SpecialTokenName = std::pair<const char*, int32_t SpecialTokenIds::*>;
/// Those that are compared, under GGUF's names.
inline constexpr std::array kComparedSpecials = {
    SpecialTokenName{"bos", &SpecialTokenIds::bos}, SpecialTokenName{"eos", &SpecialTokenIds::eos},
    SpecialTokenName{"eot", &SpecialTokenIds::eot}, SpecialTokenName{"unk", &SpecialTokenIds::unk},
    SpecialTokenName{"sep", &SpecialTokenIds::sep}, SpecialTokenName{"pad", &SpecialTokenIds::pad},
    SpecialTokenName{"cls", &SpecialTokenIds::cls}, SpecialTokenName{"mask", &SpecialTokenIds::mask}};
inline constexpr const char* kEndOfGeneration = "end of generation";

/// Of a vocabulary, as far as it has them.
inline constexpr std::array kVocabularyLists = {"tokens", "merges", "scores"};

inline constexpr size_t kMaxTemplates = 16;  // of a model; the others are left out

/// `tokenizer` may be null.
KitSamples built_in_samples(const Tokenizer* tokenizer);
/// Of a kind that the kit has no sample of: the built-in ones.
KitSamples samples_of(const ConformanceKit& kit, const Tokenizer* tokenizer);

ConformanceKit make_conformance_kit(const Tokenizer* tokenizer, const ChatTemplateList& templates,
                                    const KitSamples& samples);

/// {"name", "messages", "tools", "add_generation_prompt"}
Json to_json(const SampleConversation& conversation);
SampleConversation conversation_of(const Json& json, const std::string& source);

}  // namespace adze::text
