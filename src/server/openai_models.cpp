// GET /v1/models and /v1/models/{model}
#include "server/adapter_choice.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

Json model_json(const HostedModel& model) {
  Json document = {{"id", model.settings.name},
                   {"object", "model"},
                   {"created", model.served ? model.served->created() : 0},
                   {"owned_by", "adze"}};
  if (model.served) document["context_length"] = model.served->context();
  return document;
}

Json adapter_json(const HostedModel& model, const AdapterSettings& adapter) {
  Json document = model_json(model);
  document["id"] = adapter.name;
  document["parent"] = model.settings.name;
  return document;
}

}  // namespace

void get_openai_models(const ExchangePtr& exchange) {
  Json list = Json::array();
  for (const auto& model : exchange->service().models().list()) {
    list.push_back(model_json(model));
    for (const auto& adapter : model.settings.adapters) list.push_back(adapter_json(model, adapter));
  }
  exchange->send_json(200, {{"object", "list"}, {"data", std::move(list)}});
}

void get_openai_model(const ExchangePtr& exchange) {
  for (const auto& model : exchange->service().models().list()) {
    if (model.settings.name == exchange->captured) return exchange->send_json(200, model_json(model));
    if (const auto named = adapter_called(model.settings, exchange->captured)) {
      return exchange->send_json(200, adapter_json(model, model.settings.adapters[*named]));
    }
  }
  throw RequestError(404, fmt::format("there is no model '{}'", exchange->captured), "model");
}

}  // namespace adze::server
