// What OpenAI's endpoints have in common.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/chat_request.h"
#include "server/endpoint.h"
#include "server/generation.h"
#include "server/request_fields.h"

namespace adze::server {

/// Fields of choosing and ending that chat and completions share: sampling, stop, n, seed, limits, streaming.
void read_openai_generation(const Fields& fields, int64_t max_choices, ChatRequest& request);

/// "prompt": a text, a list of tokens, or a list of those. Throws RequestError for more than `most`.
std::vector<PlainPrompt> read_plain_prompts(const Fields& fields, size_t most);

/// `fields` and every number of the samplers.
std::vector<RequestField> with_sampler_fields(std::span<const RequestField> fields);

/// "chatcmpl-" and 24 random digits.
std::string random_id(std::string_view prefix);

std::string_view openai_finish_reason(const ChoiceEnd& end);
Json openai_usage(int64_t prompt_tokens, int64_t reused_tokens, int64_t generated_tokens);

/// The text of a token for logprobs, and its bytes.
std::string token_spelling(const text::Tokenizer& tokenizer, int32_t token);

/// List of {"token", "logprob", "bytes", "top_logprobs"}, end tokens left out.
Json openai_logprobs(const text::Tokenizer& tokenizer, std::span<const TokenScore> scores);

/// Members that every answer begins with.
struct OpenAiHead {
  std::string id;
  std::string_view object;
  int64_t created;
  std::string model;

  Json document() const;
};

/// A stream of "data:" lines that ends with [DONE].
class OpenAiStream {
 public:
  OpenAiStream(ExchangePtr exchange, OpenAiHead head, bool includes_usage)
      : exchange_(std::move(exchange)), head_(std::move(head)), includes_usage_(includes_usage) {}

  void begin();
  void send_choice(Json choice);
  void count(const ChoiceEnd& end);
  void end();
  void fail(const Error& error);
  Exchange& exchange() { return *exchange_; }

 private:
  ExchangePtr exchange_;
  OpenAiHead head_;
  bool includes_usage_;
  int64_t prompt_tokens_ = 0;
  int64_t reused_tokens_ = 0;
  int64_t generated_tokens_ = 0;
};

}  // namespace adze::server
