// Health, metrics, and loading and unloading models.
#include "base/memory_use.h"
#include "server/request_error.h"
#include "server/request_fields.h"
#include "server/service.h"

namespace adze::server {
namespace {

using runtime::EngineFigures;

struct EngineMetric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  double (*value)(const EngineFigures& figures);
};

template <auto kMember>
double member(const EngineFigures& figures) {
  return static_cast<double>(figures.*kMember);
}

constexpr EngineMetric kEngineMetrics[] = {
    {"adze_requests_waiting", "gauge", "Requests that wait for their first step.",
     member<&EngineFigures::waiting_requests>},
    {"adze_requests_running", "gauge", "Requests that are computed.", member<&EngineFigures::running_requests>},
    {"adze_cache_pages", "gauge", "Pages of the cache of keys and values.", member<&EngineFigures::pages>},
    {"adze_cache_pages_used", "gauge", "Pages that running requests hold.", member<&EngineFigures::used_pages>},
    {"adze_cache_pages_kept", "gauge", "Pages kept of earlier requests.", member<&EngineFigures::cached_pages>},
    {"adze_requests_finished_total", "counter", "Requests that ended by themselves.",
     member<&EngineFigures::finished_requests>},
    {"adze_requests_cancelled_total", "counter", "Requests that were cancelled.",
     member<&EngineFigures::cancelled_requests>},
    {"adze_requests_failed_total", "counter", "Requests that failed.", member<&EngineFigures::failed_requests>},
    {"adze_prompt_tokens_total", "counter", "Tokens of prompts.", member<&EngineFigures::prompt_tokens>},
    {"adze_prompt_tokens_reused_total", "counter", "Tokens of prompts found in the cache.",
     member<&EngineFigures::reused_prompt_tokens>},
    {"adze_generated_tokens_total", "counter", "Tokens of answers.", member<&EngineFigures::generated_tokens>},
    {"adze_drafted_tokens_total", "counter", "Tokens that were guessed ahead.", member<&EngineFigures::drafted_tokens>},
    {"adze_accepted_tokens_total", "counter", "Guessed tokens that were right.",
     member<&EngineFigures::accepted_tokens>},
    {"adze_model_drafted_tokens_total", "counter", "Tokens that the draft model guessed ahead.",
     member<&EngineFigures::model_drafted_tokens>},
    {"adze_model_accepted_tokens_total", "counter", "Of them, those that were right.",
     member<&EngineFigures::model_accepted_tokens>},
    {"adze_draft_seconds_total", "counter", "Seconds in the draft model.", member<&EngineFigures::draft_seconds>},
    {"adze_preemptions_total", "counter", "Requests that gave their pages back and were computed again.",
     member<&EngineFigures::preemptions>},
    {"adze_steps_total", "counter", "Forward calls.", member<&EngineFigures::steps>},
    {"adze_step_seconds_total", "counter", "Seconds in forward calls.", member<&EngineFigures::step_seconds>},
};

struct EngineHistogram {
  std::string_view name;
  std::string_view help;
  runtime::Histogram EngineFigures::* field;
};

constexpr EngineHistogram kEngineHistograms[] = {
    {"adze_first_token_seconds", "Seconds from a request's submission to its first token.",
     &EngineFigures::first_token_seconds},
    {"adze_token_seconds", "Seconds between two tokens of a request.", &EngineFigures::token_seconds},
    {"adze_step_tokens", "Tokens of a forward call.", &EngineFigures::step_tokens},
};

void write_engines(const std::vector<HostedModel>& models, MetricsText& text) {
  std::vector<std::pair<std::string, EngineFigures>> figures;
  for (const auto& model : models) {
    if (model.served && model.served->generates())
      figures.emplace_back(model.settings.name, model.served->engine().figures());
  }
  for (const auto& metric : kEngineMetrics) {
    text.begin(metric.name, metric.type, metric.help);
    for (const auto& [name, of_model] : figures) text.sample({{"model", name}}, metric.value(of_model));
  }
  for (const auto& histogram : kEngineHistograms) {
    text.begin(histogram.name, "histogram", histogram.help);
    for (const auto& [name, of_model] : figures) text.histogram({{"model", name}}, of_model.*histogram.field);
  }
}

void write_models(const std::vector<HostedModel>& models, MetricsText& text) {
  text.begin("adze_model_loaded", "gauge", "1: the model is in memory.");
  for (const auto& model : models) text.sample({{"model", model.settings.name}}, model.served ? 1 : 0);
  text.begin("adze_resident_bytes", "gauge", "Memory of the process, mapped files included.");
  text.sample({}, static_cast<double>(memory_use().resident_bytes));
}

}  // namespace

void get_health(const ExchangePtr& exchange) { exchange->send_json(200, {{"status", "ok"}}); }

// Whether another request would be taken: not while draining.
void get_ready(const ExchangePtr& exchange) {
  const bool is_ready = !exchange->service().is_draining();
  exchange->send_json(is_ready ? 200 : 503, {{"status", is_ready ? "ready" : "draining"}});
}

void get_metrics(const ExchangePtr& exchange) {
  MetricsText text;
  const auto models = exchange->service().models().list();
  exchange->service().metrics().write(text);
  write_models(models, text);
  write_engines(models, text);
  exchange->send_text(200, "text/plain; version=0.0.4; charset=utf-8", text.take());
}

void post_load(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const auto model = exchange->service().open_model(*exchange, Fields(body).require_text("model"));
  exchange->send_json(200, {{"model", model->settings().name}, {"loaded", true}, {"bytes", model->bytes()}});
}

void post_refresh(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& models = exchange->service().models();
  const auto name = models.resolve(Fields(body).require_text("model"));
  exchange->model = name;
  exchange->send_json(200, {{"model", name}, {"changed", models.refresh(name)}});
}

void post_unload(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const auto name = Fields(body).require_text("model");
  if (!exchange->service().models().unload(name)) {
    throw RequestError(409, fmt::format("{} is not in memory, or in use", name), "model");
  }
  exchange->send_json(200, {{"model", name}, {"loaded", false}});
}

}  // namespace adze::server
