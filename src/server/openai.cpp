#include "server/openai.h"

#include <algorithm>
#include <ctime>
#include <random>

#include "runtime/samplers/sampler_step.h"
#include "server/adapter_choice.h"
#include "server/answer_options.h"
#include "server/request_error.h"
#include "server/service.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr size_t kMaxStops = 64;
constexpr size_t kMaxBiases = 4096;

void read_logit_bias(const Fields& fields, SamplingRequest& sampling) {
  const Json* biases = fields.object("logit_bias");
  if (!biases) return;
  if (biases->size() > kMaxBiases)
    refuse_field("logit_bias", "has {} entries, at most {} are allowed", biases->size(), kMaxBiases);
  for (const auto& [key, value] : biases->items()) {
    const bool is_id = !key.empty() && key.size() < 10 && key.find_first_not_of("0123456789") == std::string::npos;
    if (!is_id) refuse_field("logit_bias", "'{}' is no token id", key);
    if (!value.is_number()) refuse_field("logit_bias", "the bias of {} must be a number", key);
    // -100 means never, as OpenAI has it.
    const double bias = value.get<double>();
    sampling.token_biases.emplace_back(std::stoi(key), bias <= -100 ? -std::numeric_limits<double>::infinity() : bias);
  }
}

void read_sampling(const Fields& fields, const Json& body, SamplingRequest& sampling) {
  for (const auto& [name, value] : body.items()) {
    if (value.is_null() || !is_sampler_parameter(name)) continue;
    if (const auto number = fields.number(name)) sampling.set(name, *number);
  }
  if (const auto penalty = fields.number("repetition_penalty")) sampling.set("repeat_penalty", *penalty);
  sampling.samplers = fields.text("samplers");
  if (const auto seed =
          fields.integer("seed", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max())) {
    if (*seed != -1) sampling.seed = static_cast<uint64_t>(*seed);
  }
  sampling.forbids_end = fields.flag("ignore_eos", false);
  read_logit_bias(fields, sampling);
}

Json bytes_of(const std::string& text) {
  Json bytes = Json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

Json logprob_json(const text::Tokenizer& tokenizer, const runtime::TokenProbability& probability) {
  const auto text = token_spelling(tokenizer, probability.token);
  // JSON has no minus infinity.
  return {{"token", text}, {"logprob", std::max(probability.log_probability, -9999.0F)}, {"bytes", bytes_of(text)}};
}

PlainPrompt read_plain_prompt(const Json& prompt) {
  if (prompt.is_string()) return {.text = prompt.get<std::string>()};
  const auto is_token = [](const Json& token) {
    return token.is_number_unsigned() && token.get<uint64_t>() < INT32_MAX;
  };
  if (!prompt.is_array() || prompt.empty() || !std::ranges::all_of(prompt, is_token)) {
    refuse_field("prompt", "must be a text, a list of tokens, or a list of those");
  }
  return {.tokens = prompt.get<std::vector<int32_t>>()};
}

}  // namespace

void read_openai_generation(const Fields& fields, int64_t max_choices, ChatRequest& request) {
  constexpr int64_t kMaxTokens = int64_t{1} << 40;
  request.model = fields.text("model").value_or("");
  request.stream = fields.flag("stream", false);
  request.max_tokens = fields.integer("max_completion_tokens", 0, kMaxTokens);
  if (!request.max_tokens) request.max_tokens = fields.integer("max_tokens", -1, kMaxTokens);
  if (request.max_tokens == -1) request.max_tokens.reset();
  request.choices = fields.integer("n", 1, max_choices).value_or(1);
  request.stop = fields.texts("stop", kMaxStops);
  if (const Json* adapters = fields.list("lora")) request.adapters = read_adapter_list(*adapters, "lora");
  read_sampling(fields, fields.whole(), request.sampling);
}

std::vector<PlainPrompt> read_plain_prompts(const Fields& fields, size_t most) {
  const Json* given = fields.find("prompt");
  if (!given) refuse_field("prompt", "is missing");
  const bool is_one = given->is_string() || (given->is_array() && !given->empty() && given->front().is_number());
  if (!is_one && (!given->is_array() || given->empty())) {
    refuse_field("prompt", "must be a text, a list of tokens, or a list of those");
  }
  if (is_one) return {read_plain_prompt(*given)};
  if (given->size() > most) refuse_field("prompt", "has {} entries, at most {} are allowed", given->size(), most);
  std::vector<PlainPrompt> prompts;
  for (const auto& each : *given) prompts.push_back(read_plain_prompt(each));
  return prompts;
}

std::vector<RequestField> with_sampler_fields(std::span<const RequestField> fields) {
  std::vector<RequestField> all(fields.begin(), fields.end());
  const auto add = [&](std::span<const runtime::SamplerParameter> parameters) {
    for (const auto& parameter : parameters) all.push_back({.name = parameter.name});
  };
  for (const auto* sampler : runtime::all_samplers()) add(sampler->parameters);
  add(runtime::shared_sampler_parameters());
  for (const char* name : {"repetition_penalty", "samplers", "ignore_eos", "lora"}) all.push_back({.name = name});
  return all;
}

std::string random_id(std::string_view prefix) {
  thread_local std::mt19937_64 random(std::random_device{}());
  return fmt::format("{}{:016x}{:08x}", prefix, random(), random() >> 32);
}

std::string_view openai_finish_reason(const ChoiceEnd& end) {
  using runtime::StopReason;
  if (end.has_calls) return "tool_calls";
  switch (end.summary.reason) {
    case StopReason::end_token:
    case StopReason::complete:
    case StopReason::stop_text:
      return "stop";
    default:
      return "length";
  }
}

Json openai_usage(int64_t prompt_tokens, int64_t reused_tokens, int64_t generated_tokens) {
  return {{"prompt_tokens", prompt_tokens},
          {"completion_tokens", generated_tokens},
          {"total_tokens", prompt_tokens + generated_tokens},
          {"prompt_tokens_details", {{"cached_tokens", reused_tokens}}}};
}

std::string token_spelling(const text::Tokenizer& tokenizer, int32_t token) {
  return tokenizer.is_control(token) ? tokenizer.token_text(token) : tokenizer.token_bytes(token);
}

Json openai_logprobs(const text::Tokenizer& tokenizer, std::span<const TokenScore> scores) {
  Json list = Json::array();
  for (const auto& score : scores) {
    if (tokenizer.is_end_of_generation(score.token)) continue;
    Json entry = logprob_json(tokenizer, score.probabilities.front());
    entry["top_logprobs"] = Json::array();
    for (const auto& other : std::span(score.probabilities).subspan(1)) {
      entry["top_logprobs"].push_back(logprob_json(tokenizer, other));
    }
    list.push_back(std::move(entry));
  }
  return list;
}

Json OpenAiHead::document() const {
  return {{"id", id}, {"object", object}, {"created", created}, {"model", model}, {"system_fingerprint", "adze"}};
}

void OpenAiStream::begin() {
  exchange_->response().add_header("Cache-Control", "no-cache");
  exchange_->response().begin_stream("text/event-stream");
}

void OpenAiStream::send_choice(Json choice) {
  Json event = head_.document();
  event["choices"] = Json::array({std::move(choice)});
  if (includes_usage_) event["usage"] = nullptr;
  exchange_->response().write("data: " + to_text(event) + "\n\n");
}

void OpenAiStream::count(const ChoiceEnd& end) {
  generated_tokens_ += end.summary.generated_tokens;
  if (!end.counts_prompt) return;
  prompt_tokens_ += end.summary.prompt_tokens;
  reused_tokens_ += end.summary.reused_prompt_tokens;
}

void OpenAiStream::end() {
  exchange_->prompt_tokens = prompt_tokens_;
  exchange_->generated_tokens = generated_tokens_;
  if (includes_usage_) {
    Json event = head_.document();
    event["choices"] = Json::array();
    event["usage"] = openai_usage(prompt_tokens_, reused_tokens_, generated_tokens_);
    exchange_->response().write("data: " + to_text(event) + "\n\n");
  }
  exchange_->response().write("data: [DONE]\n\n");
  exchange_->response().end_stream();
}

void OpenAiStream::fail(const Error& error) {
  exchange_->send_error(error);
  exchange_->response().write("data: " + to_text(error_document(Dialect::openai, error, exchange_->id())) + "\n\n");
  exchange_->response().end_stream();
}

}  // namespace adze::server
