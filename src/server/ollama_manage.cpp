// Ollama's endpoints that change which models there are. For operators.
#include "hub/pull.h"
#include "server/ollama.h"
#include "server/ollama_status.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr RequestField kPullFields[] = {
    {"model"},
    {"name"},
    {"stream"},
    {"insecure", FieldUse::refused, "certificates are always checked"},
};

hub::HubName hub_name(std::string text) {
  for (const std::string_view host :
       {"https://huggingface.co/", "https://hf.co/", "huggingface.co/", "hf.co/", "hf:"}) {
    if (!text.starts_with(host)) continue;
    if (auto name = hub::parse_hub_name("hf:" + text.substr(host.size()))) return *name;
  }
  refuse_field("model", "'{}' is no model of the Hugging Face hub (hf.co/owner/repo:Q4_K_M); others are not fetched",
               text);
}

// Served as the first model is, but with its own template.
ModelSettings settings_of(const ServiceOptions& options, std::string name, std::string path) {
  ModelSettings settings = options.models.front();
  settings.name = std::move(name);
  settings.path = std::move(path);
  settings.template_file.reset();
  settings.adapters.clear();
  settings.applied_adapters.clear();
  settings.preset = {};
  return settings;
}

}  // namespace

void post_ollama_pull(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kPullFields);
  const Fields fields(body);
  const auto name = ollama_name(fields);
  const auto source = hub_name(name);
  if (!service.options().hub) fail(ErrorCode::unsupported, "{}: the server fetches nothing from the net", name);
  const bool streams = fields.flag("stream", true);
  exchange->model = name;
  do_with_status(exchange, streams, [&service, name, source](StatusLines& lines, const std::stop_token& stop) {
    lines.say("pulling manifest");
    StatusProgress progress(lines, stop, "pulling");
    const auto& hub = *service.options().hub;
    const auto report = hub::pull(source, hub::HubCache(hub.cache_folder), hub.options, progress);
    service.put_model(settings_of(service.options(), name, report.model_path));
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
  exchange->service().put_model(settings);
  exchange->send_text(200, {}, {});
}

void delete_ollama_model(const ExchangePtr& exchange) {
  const auto name = ollama_name(Fields(parse_body(exchange->request().body)));
  if (!exchange->service().remove_model(name)) {
    throw RequestError(409, "the last model of a server stays; end the server instead", "model");
  }
  exchange->send_text(200, {}, {});
}

void refuse_ollama_push(const ExchangePtr&) { fail(ErrorCode::unsupported, "the server sends models nowhere"); }

}  // namespace adze::server
