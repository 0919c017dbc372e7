#include "server/service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <set>

#include "base/error.h"
#include "server/request_error.h"
#include "server/request_fields.h"

namespace adze::server {
namespace {

constexpr std::string_view kCapture = "{model}";

// Whether the path is that of the endpoint; what stands for {model} goes to `captured`.
bool matches(const Endpoint& endpoint, std::string_view path, std::string& captured) {
  const size_t at = endpoint.path.find(kCapture);
  if (at == std::string_view::npos) return endpoint.path == path;
  const auto prefix = endpoint.path.substr(0, at);
  const auto suffix = endpoint.path.substr(at + kCapture.size());
  if (path.size() <= prefix.size() + suffix.size() || !path.starts_with(prefix) || !path.ends_with(suffix))
    return false;
  captured = path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
  return true;
}

std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// OpenVINO Model Server has OpenAI's API under /v3.
std::string usual_path(const std::string& path) { return path.starts_with("/v3/") ? "/v1/" + path.substr(4) : path; }

// An error in the form of the API that the path belongs to, also where it is no endpoint.
Dialect dialect_of(std::string_view path) {
  if (path.starts_with("/v1/messages")) return Dialect::anthropic;
  if (path.starts_with("/v1/")) return Dialect::openai;
  if (path.starts_with("/v2")) return Dialect::kserve;
  return path.starts_with("/api/") ? Dialect::ollama : Dialect::plain;
}

}  // namespace

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      access_(options_.access),
      responses_(options_.stored_response_bytes),
      store_(options_.store.folder.empty() ? nullptr : std::make_unique<ModelStore>(options_.store)),
      models_(with_stored(options_.models), options_.max_model_bytes, options_.keep_seconds) {}

bool Service::reads_by_pieces(const HttpRequest& head) const {
  return store_ && head.method == "POST" && head.path.starts_with("/api/blobs/");
}

ModelStore& Service::store() {
  if (store_) return *store_;
  fail(ErrorCode::unsupported, "the server has no place for models that are made; start it with --store FOLDER");
}

// A configured model hides a stored one of its name; one whose files are gone is left out.
std::vector<ModelSettings> Service::with_stored(std::vector<ModelSettings> configured) {
  const std::lock_guard lock(configured_mutex_);
  configured_.clear();
  for (const auto& model : configured) configured_.insert(model.name);
  for (const auto& stored : store_ ? store_->models() : std::vector<ModelSettings>()) {
    try {
      if (configured_.contains(stored.name)) fail(ErrorCode::bad_input, "the configuration has a model of this name");
      require_files(stored);
      configured.push_back(stored);
    } catch (const Error& error) {
      log({{"event", "left_out"}, {"model", stored.name}, {"error", error.what()}});
    }
  }
  return configured;
}

void Service::use_models(std::vector<ModelSettings> configured) { models_.replace(with_stored(std::move(configured))); }

bool Service::is_configured(const std::string& name) const {
  const std::lock_guard lock(configured_mutex_);
  return configured_.contains(name);
}

void Service::put_model(const ModelSettings& settings) {
  if (store_ && !is_configured(settings.name)) store_->put(settings);
  models_.put(settings);
}

bool Service::remove_model(const std::string& name) {
  if (!models_.remove(name)) return false;
  if (store_) store_->remove(name);
  return true;
}

void Service::log(const Json& event) const {
  if (!options_.log) return;
  Json line = {{"time", time_text()}};
  line.update(event);
  options_.log(line);
}

void Service::check_fields(Exchange& exchange, const Json& object, std::span<const RequestField> fields) const {
  const auto unknown = server::check_fields(object, fields, options_.is_strict);
  if (unknown.empty()) return;
  log({{"event", "unknown_fields"}, {"id", exchange.id()}, {"endpoint", exchange.endpoint}, {"fields", unknown}});
}

std::shared_ptr<ServedModel> Service::open_model(Exchange& exchange, const std::string& name) {
  exchange.model = models_.resolve(name);
  return models_.open(name);
}

// A browser asks before it sends what a page wants.
void Service::answer_preflight(const ExchangePtr& exchange) {
  auto& response = exchange->response();
  response.add_header("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  const auto wanted = exchange->request().header("access-control-request-headers");
  response.add_header("Access-Control-Allow-Headers",
                      wanted.empty() ? "content-type, authorization" : std::string(wanted));
  response.add_header("Access-Control-Max-Age", "600");
  response.send(204, {}, {});
}

void Service::dispatch(const ExchangePtr& exchange) {
  const auto& request = exchange->request();
  const std::string path = usual_path(request.path);
  std::set<std::string_view> methods;
  for (const auto& endpoint : all_endpoints()) {
    if (!matches(endpoint, path, exchange->captured)) continue;
    methods.insert(endpoint.method);
    const bool is_asked = endpoint.method == request.method || (endpoint.method == "GET" && request.method == "HEAD");
    if (!is_asked) continue;
    exchange->dialect = endpoint.dialect;
    exchange->endpoint = endpoint.path;
    access_.admit(*exchange, endpoint.role);
    return endpoint.handle(exchange);
  }
  if (methods.empty()) {
    throw RequestError(404, fmt::format("there is no {}; docs/server.md lists the endpoints", request.path));
  }
  if (request.method == "OPTIONS") return answer_preflight(exchange);
  exchange->response().add_header("Allow", fmt::format("{}", fmt::join(methods, ", ")));
  throw RequestError(405, fmt::format("{} takes {}", request.path, fmt::join(methods, ", ")));
}

void Service::answer(std::shared_ptr<const HttpRequest> request, std::shared_ptr<HttpResponse> response) {
  metrics_.begin();
  const auto exchange = std::make_shared<Exchange>(*this, std::move(request), std::move(response));
  exchange->dialect = dialect_of(usual_path(exchange->request().path));
  try {
    access_.allow_origin(*exchange);
    dispatch(exchange);
  } catch (const Error& error) {
    exchange->send_error(error);
  } catch (const Json::exception& error) {
    exchange->send_error(RequestError(400, error.what()));
  } catch (const std::bad_alloc&) {
    exchange->send_error(Error(ErrorCode::out_of_memory, "not enough memory"));
  } catch (const std::exception& error) {
    exchange->send_error(Error(ErrorCode::internal, error.what()));
  }
}

}  // namespace adze::server
