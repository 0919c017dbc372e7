// Making an answer: from a request to the engine and back, choice by choice.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/engine/engine_request.h"
#include "server/chat_request.h"
#include "server/served_model.h"
#include "text/tool_parsers/answer_reader.h"

namespace adze::server {

class HttpResponse;

/// A token of the answer or the prompt; `probabilities` as of runtime::GeneratedToken.
struct TokenScore {
  int32_t token;
  std::vector<runtime::TokenProbability> probabilities;
};

struct AnswerDelta {
  text::AnswerPart part;
  int32_t token = -1;              // that brought it; -1: the end of the answer
  std::vector<TokenScore> scores;  // of this token, if the request asked for them
};

struct ChoiceEnd {
  runtime::RequestSummary summary;
  bool has_calls = false;
  bool counts_prompt = true;  // the first of the choices that continue one prompt
};

/// Hears of an answer; its choices are those of the first prompt, then those of the next one. One call at a time, on a
/// thread that should not be kept.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  /// The request was accepted; comes first. Tokens of all prompts.
  virtual void on_begin(int64_t /*prompt_tokens*/) {}
  /// Of the prompt that the choice continues; in front of its first delta.
  virtual void on_prompt(size_t /*choice*/, std::vector<TokenScore> /*prompt*/) {}
  virtual void on_delta(size_t choice, const AnswerDelta& delta) = 0;
  virtual void on_choice_end(size_t choice, const ChoiceEnd& end) = 0;
  /// All choices have ended.
  virtual void on_end() = 0;
  /// Nothing else comes.
  virtual void on_error(const Error& error) = 0;
};

/// Begins to make the answer and returns. It is cancelled when `response` has nobody to answer any more. Throws
/// RequestError and Error for what is wrong with the request; then the sink hears nothing.
void begin_generation(std::shared_ptr<ServedModel> model, const ChatRequest& request, std::shared_ptr<AnswerSink> sink,
                      HttpResponse& response);

}  // namespace adze::server
