// Ollama's lists of models, and its embeddings.
#include <fmt/ranges.h>

#include "model/pooling.h"
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
  Json details = {{"parent_model", model.settings.preset.parent},
                  {"format", ""},
                  {"family", ""},
                  {"families", Json::array()},
                  {"parameter_size", ""},
                  {"quantization_level", ""}};
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
          {"modified_at", ollama_time_of_file(model.settings.path)},
          {"size", model.file_bytes},
          {"digest", ""},
          {"details", details_of(model)}};
}

// A line for each value, as a Modelfile has them behind PARAMETER.
std::string parameter_lines(const Json& parameters, std::string_view before) {
  std::string lines;
  for (const auto& [name, value] : parameters.items()) {
    for (const auto& each : value.is_array() ? value : Json::array({value})) {
      lines += fmt::format("{}{:30} {}\n", before, name, to_text(each));
    }
  }
  return lines;
}

std::string modelfile_of(const ServedModel& model) {
  constexpr std::string_view kQuote = "\"\"\"";
  const auto& settings = model.settings();
  const auto& preset = settings.preset;
  std::string text = fmt::format("FROM {}\n", preset.parent.empty() ? settings.path : preset.parent);
  for (const auto& adapter : settings.applied_adapters) text += fmt::format("ADAPTER {}\n", adapter.path);
  if (preset.system) text += fmt::format("SYSTEM {}{}{}\n", kQuote, *preset.system, kQuote);
  text += parameter_lines(preset.parameters, "PARAMETER ");
  for (const auto& message : preset.messages) {
    text += fmt::format("MESSAGE {} {}{}{}\n", message["role"].get<std::string>(), kQuote,
                        message["content"].get<std::string>(), kQuote);
  }
  for (const auto& license : preset.license) text += fmt::format("LICENSE {}{}{}\n", kQuote, license, kQuote);
  return text;
}

Json capabilities_of(const ServedModel& model) {
  Json list = Json::array();
  if (model.generates()) list.push_back("completion");
  if (!model.generates() || states_pooling(model.loaded().model())) list.push_back("embedding");
  if (model.generates() && model.has_chat_template()) list.push_back("tools");
  return list;
}

Json model_info(const ServedModel& model) {
  const auto& read = model.loaded().model();
  return {{"general.architecture", read.architecture},
          {"general.parameter_count", read.tensors.element_count()},
          {read.architecture + ".context_length", model.context()}};
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
  const auto model = exchange->service().open_model(*exchange, ollama_name(Fields(body)));
  const auto& preset = model->settings().preset;
  Json shown = {{"modelfile", modelfile_of(*model)},
                {"parameters", parameter_lines(preset.parameters, "")},
                {"template", model->template_source()},
                {"modified_at", ollama_time_of_file(model->settings().path)},
                {"details", details_of({.settings = model->settings(), .served = model})},
                {"model_info", model_info(*model)},
                {"capabilities", capabilities_of(*model)}};
  if (preset.system) shown["system"] = *preset.system;
  if (!preset.messages.empty()) shown["messages"] = preset.messages;
  if (!preset.license.empty()) shown["license"] = fmt::format("{}", fmt::join(preset.license, "\n"));
  exchange->send_json(200, shown);
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
