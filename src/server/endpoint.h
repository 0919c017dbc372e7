// The table of endpoints, and what a handler gets.
//
// To add one: write its handler in the file of its dialect, declare it below, add a line in all_endpoints.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/http_message.h"

namespace adze::server {

class Service;

/// Whose API it is: decides what errors look like.
enum class Dialect { plain, openai, ollama, anthropic, llama_server, kserve };

/// Who may ask. Where there are no keys, everybody is a user and nobody an operator.
enum class Role { anyone, user, operator_ };

/// A request on its way. Kept by whoever answers; when it is dropped, it is logged and counted.
class Exchange {
 public:
  Exchange(Service& service, std::shared_ptr<const HttpRequest> request, std::shared_ptr<HttpResponse> response);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Service& service() { return service_; }
  const HttpRequest& request() const { return *request_; }
  HttpResponse& response() { return *response_; }
  const std::string& id() const { return id_; }

  void send_json(int status, const Json& document);
  void send_text(int status, std::string_view content_type, std::string text);
  /// In the form of the dialect; in a stream as its last event.
  void send_error(const Error& error);

  // What is set on the way.
  Dialect dialect = Dialect::plain;
  std::string_view endpoint = "unknown";  // its path, for logs and metrics
  std::string captured;                   // what stood for {model} in the path
  std::string key_name;                   // of the API key; empty: none
  bool is_operator = false;
  std::string model;  // for logs
  int64_t prompt_tokens = 0;
  int64_t generated_tokens = 0;

 private:
  Service& service_;
  std::shared_ptr<const HttpRequest> request_;
  std::shared_ptr<HttpResponse> response_;
  std::string id_;
  int64_t start_ns_;
};

using ExchangePtr = std::shared_ptr<Exchange>;

/// An error as the clients of the dialect expect it.
Json error_document(Dialect dialect, const Error& error, const std::string& request_id);

/// Text of JSON; bytes that are no UTF-8 become U+FFFD.
std::string to_text(const Json& json);

struct Endpoint {
  std::string_view method;
  std::string_view path;  // may have {model} in it, which may be several parts of a path; the first that fits is taken
  Dialect dialect;
  Role role;
  /// Answers, now or later. Throws Error for what is wrong with the request.
  void (*handle)(const ExchangePtr& exchange);
  std::string_view summary;
};

std::span<const Endpoint> all_endpoints();

// Handlers, by file.
void get_health(const ExchangePtr&), get_ready(const ExchangePtr&), get_metrics(const ExchangePtr&),
    get_root(const ExchangePtr&), post_unload(const ExchangePtr&), post_load(const ExchangePtr&),
    post_refresh(const ExchangePtr&);
void get_model_cards(const ExchangePtr&);
void post_openai_chat(const ExchangePtr&), post_openai_completion(const ExchangePtr&),
    post_openai_embeddings(const ExchangePtr&), get_openai_models(const ExchangePtr&),
    get_openai_model(const ExchangePtr&), post_openai_response(const ExchangePtr&),
    get_openai_response(const ExchangePtr&), delete_openai_response(const ExchangePtr&);
void post_ollama_chat(const ExchangePtr&), post_ollama_generate(const ExchangePtr&),
    post_ollama_embed(const ExchangePtr&), post_ollama_embeddings(const ExchangePtr&),
    get_ollama_tags(const ExchangePtr&), post_ollama_show(const ExchangePtr&), get_ollama_ps(const ExchangePtr&),
    get_ollama_version(const ExchangePtr&), post_ollama_pull(const ExchangePtr&), post_ollama_copy(const ExchangePtr&),
    delete_ollama_model(const ExchangePtr&), post_ollama_create(const ExchangePtr&),
    head_ollama_blob(const ExchangePtr&), post_ollama_blob(const ExchangePtr&), refuse_ollama_push(const ExchangePtr&);
void post_anthropic_messages(const ExchangePtr&), post_anthropic_count(const ExchangePtr&);
void get_kserve_server(const ExchangePtr&), get_kserve_live(const ExchangePtr&), get_kserve_ready(const ExchangePtr&),
    get_kserve_model(const ExchangePtr&), get_kserve_model_ready(const ExchangePtr&),
    post_kserve_infer(const ExchangePtr&);
void post_llama_completion(const ExchangePtr&), post_llama_embedding(const ExchangePtr&),
    post_tokenize(const ExchangePtr&), post_detokenize(const ExchangePtr&), post_apply_template(const ExchangePtr&),
    get_props(const ExchangePtr&), get_slots(const ExchangePtr&), post_rerank(const ExchangePtr&),
    post_llama_infill(const ExchangePtr&), get_lora_adapters(const ExchangePtr&),
    post_lora_adapters(const ExchangePtr&);

}  // namespace adze::server
