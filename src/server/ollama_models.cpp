// Ollama's lists of models, and its embeddings.
#include "server/embeddings.h"
#include "server/ollama.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr RequestField kEmbedFields[] = {
    {"model"}, {"input"}, {"truncate"}, {"dimensions"}, {"keep_alive"}, {"options"},
};
constexpr RequestField kEmbeddingsFields[] = {{"model"}, {"prompt"}, {"keep_alive"}, {"options"}};

// Clients insist on a version that knows what they ask for.
constexpr const char* kVersion = "0.12.0";

Json details_of(const HostedModel& model) {
  Json details = {{"parent_model", ""},        {"format", ""},         {"family", ""},
                  {"families", Json::array()}, {"parameter_size", ""}, {"quantization_level", ""}};
  if (!model.served || model.served->graph()) return details;
  const auto& read = model.served->loaded().model();
  details["format"] = read.format;
  details["family"] = read.architecture;
  details["families"] = Json::array({read.architecture});
  details["parameter_size"] = fmt::format("{:.1f}M", static_cast<double>(read.tensors.element_count()) / 1e6);
  return details;
}

Json tag_of(const HostedModel& model) {
  return {{"name", model.settings.name},
          {"model", model.settings.name},
          {"modified_at", "1970-01-01T00:00:00Z"},
          {"size", model.file_bytes},
          {"digest", ""},
          {"details", details_of(model)}};
}

Json vectors_json(const Vectors& vectors) {
  Json list = Json::array();
  for (const auto& values : vectors.values) list.push_back(values);
  return list;
}

}  // namespace

void get_ollama_version(const ExchangePtr& exchange) { exchange->send_json(200, {{"version", kVersion}}); }

void get_ollama_tags(const ExchangePtr& exchange) {
  Json list = Json::array();
  for (const auto& model : exchange->service().models().list()) list.push_back(tag_of(model));
  exchange->send_json(200, {{"models", std::move(list)}});
}

void get_ollama_ps(const ExchangePtr& exchange) {
  Json list = Json::array();
  for (const auto& model : exchange->service().models().list()) {
    if (!model.served) continue;
    Json tag = tag_of(model);
    tag.erase("modified_at");
    tag["expires_at"] = "2318-01-01T00:00:00Z";
    tag["size"] = model.served->bytes();
    tag["size_vram"] = 0;
    tag["context_length"] = model.served->context();
    list.push_back(std::move(tag));
  }
  exchange->send_json(200, {{"models", std::move(list)}});
}

void post_ollama_show(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const Fields fields(body);
  const auto name = fields.text("model").value_or(fields.text("name").value_or(""));
  const auto model = exchange->service().open_model(*exchange, name);
  const auto& read = model->loaded().model();
  Json capabilities = Json::array();
  capabilities.push_back(model->generates() ? "completion" : "embedding");
  if (model->generates() && model->has_chat_template()) capabilities.push_back("tools");
  Json info = {{"general.architecture", read.architecture},
               {"general.parameter_count", read.tensors.element_count()},
               {read.architecture + ".context_length", model->context()}};
  for (const auto& hosted : exchange->service().models().list()) {
    if (hosted.settings.name != model->settings().name) continue;
    exchange->send_json(200, {{"modelfile", ""},
                              {"parameters", ""},
                              {"template", model->template_source()},
                              {"modified_at", "1970-01-01T00:00:00Z"},
                              {"details", details_of(hosted)},
                              {"model_info", std::move(info)},
                              {"capabilities", std::move(capabilities)}});
    return;
  }
}

void post_ollama_embed(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  exchange->service().check_fields(*exchange, body, kEmbedFields);
  const Fields fields(body);
  const auto inputs = read_inputs(fields, "input", false);
  const auto width = fields.integer("dimensions", 1, 1 << 20);
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  auto vectors = embed(*model, inputs, fields.flag("truncate", true));
  if (width) shorten(vectors, *width);
  exchange->prompt_tokens = vectors.tokens;
  exchange->send_json(200, {{"model", model->settings().name},
                            {"embeddings", vectors_json(vectors)},
                            {"total_duration", 0},
                            {"load_duration", 0},
                            {"prompt_eval_count", vectors.tokens}});
}

// The older one, for one text.
void post_ollama_embeddings(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  exchange->service().check_fields(*exchange, body, kEmbeddingsFields);
  const Fields fields(body);
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  const auto vectors = embed(*model, {.texts = {fields.require_text("prompt")}, .tokens = {}}, true);
  exchange->send_json(200, {{"embedding", vectors.values.front()}});
}

}  // namespace adze::server
