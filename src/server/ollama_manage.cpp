// Ollama's endpoints that change which models there are. For operators.
#include <atomic>

#include "base/clock.h"
#include "hub/pull.h"
#include "server/ollama.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr double kSecondsBetweenLines = 0.1;

constexpr RequestField kPullFields[] = {
    {"model"},
    {"name"},
    {"stream"},
    {"insecure", FieldUse::refused, "certificates are always checked"},
};

// Older clients say "name".
std::string model_name(const Fields& fields) {
  const auto name = fields.text("model");
  return name && !name->empty() ? *name : fields.require_text("name");
}

hub::HubName hub_name(std::string text) {
  for (const std::string_view host :
       {"https://huggingface.co/", "https://hf.co/", "huggingface.co/", "hf.co/", "hf:"}) {
    if (!text.starts_with(host)) continue;
    if (auto name = hub::parse_hub_name("hf:" + text.substr(host.size()))) return *name;
  }
  refuse_field("model", "'{}' is no model of the Hugging Face hub (hf.co/owner/repo:Q4_K_M); others are not fetched",
               text);
}

// Lines of JSON, or one document at the end.
class StatusLines {
 public:
  StatusLines(ExchangePtr exchange, bool streams) : exchange_(std::move(exchange)), streams_(streams) {
    if (streams_) exchange_->response().begin_stream("application/x-ndjson");
  }

  void say(const Json& line) {
    if (streams_) exchange_->response().write(to_text(line) + "\n");
  }
  void succeed() {
    if (!streams_) return exchange_->send_json(200, {{"status", "success"}});
    say({{"status", "success"}});
    exchange_->response().end_stream();
  }
  void fail(const Error& error) {
    exchange_->send_error(error);
    if (!streams_) return;
    say(error_document(Dialect::ollama, error, exchange_->id()));
    exchange_->response().end_stream();
  }
  bool has_listener() const { return !exchange_->response().is_gone(); }

 private:
  ExchangePtr exchange_;
  bool streams_;
};

class PullProgress : public Progress {
 public:
  PullProgress(StatusLines& lines, std::stop_token stop) : lines_(lines), stop_(std::move(stop)) {}

  void update(std::string_view what, uint64_t done, uint64_t total) override {
    const bool is_news = what != what_ || done == total || seconds_since(last_ns_) >= kSecondsBetweenLines;
    if (!is_news) return;
    what_ = what;
    last_ns_ = now_ns();
    lines_.say({{"status", fmt::format("pulling {}", what)}, {"digest", what}, {"total", total}, {"completed", done}});
  }
  bool cancelled() const override { return stop_.stop_requested() || !lines_.has_listener(); }

 private:
  StatusLines& lines_;
  std::stop_token stop_;
  std::string what_;
  int64_t last_ns_ = 0;
};

// Served as the first model is, but with its own template.
ModelSettings settings_of(const ServiceOptions& options, std::string name, std::string path) {
  ModelSettings settings = options.models.front();
  settings.name = std::move(name);
  settings.path = std::move(path);
  settings.template_file.reset();
  return settings;
}

void pull(Service& service, const std::string& name, const hub::HubName& source, StatusLines& lines,
          const std::stop_token& stop) {
  try {
    PullProgress progress(lines, stop);
    const auto& hub = *service.options().hub;
    const auto report = hub::pull(source, hub::HubCache(hub.cache_folder), hub.options, progress);
    service.models().put(settings_of(service.options(), name, report.model_path));
    lines.succeed();
  } catch (const Error& error) {
    lines.fail(error);
  } catch (const std::exception& error) {
    lines.fail(Error(ErrorCode::internal, error.what()));
  }
}

}  // namespace

void post_ollama_pull(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kPullFields);
  const Fields fields(body);
  const auto name = model_name(fields);
  const auto source = hub_name(name);
  if (!service.options().hub) fail(ErrorCode::unsupported, "{}: the server fetches nothing from the net", name);
  const bool streams = fields.flag("stream", true);
  exchange->model = name;
  service.background().start([exchange, &service, name, source, streams](const std::stop_token& stop) {
    StatusLines lines(exchange, streams);
    lines.say({{"status", "pulling manifest"}});
    pull(service, name, source, lines, stop);
  });
}

void post_ollama_copy(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const Fields fields(body);
  auto& models = exchange->service().models();
  ModelSettings settings = models.settings(fields.require_text("source"));
  settings.name = fields.require_text("destination");
  if (settings.name.empty()) refuse_field("destination", "is empty");
  if (models.holds(settings.name)) refuse_field("destination", "there is a model '{}' already", settings.name);
  models.put(std::move(settings));
  exchange->send_text(200, {}, {});
}

void delete_ollama_model(const ExchangePtr& exchange) {
  const auto name = model_name(Fields(parse_body(exchange->request().body)));
  if (!exchange->service().models().remove(name)) {
    throw RequestError(409, "the last model of a server stays; end the server instead", "model");
  }
  exchange->send_text(200, {}, {});
}

void refuse_ollama_create(const ExchangePtr&) {
  fail(ErrorCode::unsupported,
       "models are made with `adze quantize`, `adze convert` and `adze merge-adapter`, and named in the configuration");
}

void refuse_ollama_push(const ExchangePtr&) { fail(ErrorCode::unsupported, "the server sends models nowhere"); }

}  // namespace adze::server
