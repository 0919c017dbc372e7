// GET /v1/models and /v1/models/{model}
#include "server/adapter_choice.h"
#include "server/request_error.h"
#include "server/service.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

// Facts that llama-server's clients look for. // lint: foreign names: llama-server
Json facts_of(const ServedModel& served) {
  const auto& loaded = served.loaded();
  const auto& model = loaded.model();
  return {{"n_vocab", loaded.tokenizer().vocabulary_size()},
          {"n_ctx_train", loaded.trained_context()},
          {"n_embd", model.config.find_int("embedding_length").value_or(0)},
          {"n_params", model.tensors.element_count()},
          {"size", model.tensors.byte_size()}};
}

Json model_json(const HostedModel& model) {
  Json document = {{"id", model.settings.name},
                   {"object", "model"},
                   {"created", model.served ? model.served->created() : 0},
                   {"owned_by", "adze"}};
  if (!model.served || model.served->graph()) return document;
  document["context_length"] = model.served->context();
  document["meta"] = facts_of(*model.served);
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
