#include <algorithm>
#include <random>

#include "base/clock.h"
#include "server/endpoint.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr size_t kMaxIdBytes = 128;
constexpr std::string_view kIdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:";

// The client's own, if it has one that can be logged.
std::string request_id(const HttpRequest& request) {
  const auto given = request.header("x-request-id");
  if (!given.empty() && given.size() <= kMaxIdBytes &&
      given.find_first_not_of(kIdCharacters) == std::string_view::npos) {
    return std::string(given);
  }
  thread_local std::mt19937_64 random(std::random_device{}());
  return fmt::format("{:016x}", random());
}

bool is_trace_context(std::string_view text) {
  return text.size() == 55 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

// The words of OpenAI and Anthropic for a status.
std::string_view error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json error_document(Dialect dialect, const Error& error, const std::string& request_id) {
  const auto refusal = refusal_of(error);
  const auto type = error_type(refusal.status);
  switch (dialect) {
    case Dialect::ollama:
    case Dialect::kserve:
      return {{"error", refusal.message}};
    case Dialect::anthropic:
      return {{"type", "error"}, {"error", {{"type", type}, {"message", refusal.message}}}, {"request_id", request_id}};
    case Dialect::llama_server:
      return {{"error", {{"code", refusal.status}, {"message", refusal.message}, {"type", type}}}};
    default:
      return {{"error",
               {{"message", refusal.message},
                {"type", type},
                {"param", refusal.field.empty() ? Json() : Json(refusal.field)},
                {"code", refusal.code}}}};
  }
}

Exchange::Exchange(Service& service, std::shared_ptr<const HttpRequest> request, std::shared_ptr<HttpResponse> response)
    : service_(service),
      request_(std::move(request)),
      response_(std::move(response)),
      id_(request_id(*request_)),
      start_ns_(now_ns()) {
  response_->add_header("x-request-id", id_);
  if (const auto trace = request_->header("traceparent"); is_trace_context(trace)) {
    response_->add_header("traceparent", std::string(trace));
  }
}

Exchange::~Exchange() {
  const bool is_gone = response_->is_gone();
  const int status = is_gone ? 499 : response_->status();
  const double seconds = seconds_since(start_ns_);
  service_.metrics().end(endpoint, status, seconds);
  Json event = {{"event", "request"},     {"id", id_},        {"peer", request_->peer}, {"method", request_->method},
                {"path", request_->path}, {"status", status}, {"seconds", seconds}};
  if (!key_name.empty()) event["key"] = key_name;
  if (!model.empty()) event["model"] = model;
  if (prompt_tokens > 0) event["prompt_tokens"] = prompt_tokens;
  if (generated_tokens > 0) event["generated_tokens"] = generated_tokens;
  if (const auto trace = request_->header("traceparent"); is_trace_context(trace)) event["traceparent"] = trace;
  service_.log(event);
}

void Exchange::send_text(int status, std::string_view content_type, std::string text) {
  response_->send(status, content_type, std::move(text));
}

void Exchange::send_json(int status, const Json& document) { send_text(status, "application/json", to_text(document)); }

void Exchange::send_error(const Error& error) {
  const auto refusal = refusal_of(error);
  if (refusal.status >= 500)
    service_.log({{"event", "error"}, {"id", id_}, {"code", refusal.code}, {"message", refusal.message}});
  if (response_->status() != 0) return;  // a stream: its dialect says it
  if (refusal.status == 401) response_->add_header("WWW-Authenticate", "Bearer");
  if (refusal.status == 429 || refusal.status == 503) response_->add_header("Retry-After", "1");
  send_json(refusal.status, error_document(dialect, error, id_));
}

}  // namespace adze::server
