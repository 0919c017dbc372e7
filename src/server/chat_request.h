// What every dialect's request for text becomes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "ops/op.h"

namespace adze::server {

/// How to choose tokens, as far as the request says; the model's own defaults, then Adze's, say the rest.
struct SamplingRequest {
  std::vector<std::pair<std::string, double>> numbers;  // by name in the tables of samplers: "top_p"
  std::optional<std::string> samplers;
  std::optional<uint64_t> seed;  // none: drawn at random
  std::vector<std::pair<int32_t, double>> token_biases;
  bool forbids_end = false;

  void set(std::string name, double value) { numbers.emplace_back(std::move(name), value); }
  bool operator==(const SamplingRequest&) const = default;
};

enum class AnswerKind { text, json_object, json_schema, grammar, regex };

/// The form that the answer must have.
struct AnswerConstraint {
  AnswerKind kind = AnswerKind::text;
  Json schema = nullptr;  // of json_schema
  std::string source;     // of grammar (GBNF) and regex
};

enum class ToolChoice { automatic, none, required };

/// A prompt that is no conversation.
struct PlainPrompt {
  std::optional<std::string> text = {};
  std::vector<int32_t> tokens = {};  // instead of a text
};

struct ChatRequest {
  std::string model;                 // empty: the only one, or the first
  Json messages;                     // as templates take them; null: there are plain prompts
  std::vector<PlainPrompt> prompts;  // each is continued by itself
  bool adds_special = true;          // around a text

  Json tools = nullptr;  // list of {"name", "description", "parameters"}
  ToolChoice tool_choice = ToolChoice::automatic;
  std::string tool_name;  // with `required`: this one; empty: any
  Json template_variables = nullptr;

  SamplingRequest sampling;
  std::vector<std::string> stop;
  std::optional<int64_t> max_tokens;   // none: as much as fits
  int64_t choices = 1;                 // of each prompt
  int64_t top_log_probabilities = -1;  // -1: none
  bool scores_prompt = false;
  AnswerConstraint constraint;
  bool splits_thoughts = true;
  bool continues_last_message = false;  // the assistant's, instead of a new turn

  std::optional<std::vector<ops::AdapterUse>> adapters;  // none: what the name of the model says

  bool stream = false;
  bool streams_calls = false;  // in pieces, as they are written

  /// Of all prompts.
  size_t all_choices() const {
    return static_cast<size_t>(choices) * (messages.is_array() ? 1 : std::max<size_t>(prompts.size(), 1));
  }
};

}  // namespace adze::server
