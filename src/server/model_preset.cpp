#include "server/model_preset.h"

#include "server/ollama.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

constexpr size_t kMostTexts = 256;
constexpr int64_t kMostContext = int64_t{1} << 24;
constexpr RequestField kMessageFields[] = {{"role"}, {"content"}};
constexpr std::string_view kRoles[] = {"system", "user", "assistant"};

Json read_messages(const Json& list) {
  if (list.size() > kMostTexts)
    refuse_field("messages", "has {} entries, at most {} are allowed", list.size(), kMostTexts);
  Json messages = Json::array();
  for (size_t i = 0; i < list.size(); ++i) {
    const Fields message(list[i], fmt::format("messages[{}]", i));
    check_fields(list[i], kMessageFields, true);
    const auto role = message.require_text("role");
    if (std::ranges::find(kRoles, role) == std::end(kRoles)) {
      refuse_field(message.path("role"), "'{}' is none of system, user, assistant", role);
    }
    messages.push_back({{"role", role}, {"content", message.require_text("content")}});
  }
  return messages;
}

// One by one over those that are there, as Ollama does it.
void read_parameters(const Json& given, ModelPreset& preset) {
  for (const auto& [name, value] : given.items()) {
    if (!value.is_null()) preset.parameters[name] = value;
  }
  ChatRequest read;
  const auto unknown = read_ollama_options(preset.parameters, "parameters", read);
  if (!unknown.empty()) refuse_field("parameters", "there is no parameter '{}'", unknown.front());
  preset.sampling = std::move(read.sampling);
  preset.stop = std::move(read.stop);
  preset.max_tokens = read.max_tokens;
  preset.context_tokens = Fields(preset.parameters, "parameters").integer("num_ctx", 1, kMostContext);
}

}  // namespace

ModelPreset read_preset(const Fields& fields, ModelPreset preset) {
  if (const auto parent = fields.text("parent")) preset.parent = *parent;
  if (const auto system = fields.text("system")) preset.system = *system;
  if (const Json* parameters = fields.object("parameters")) read_parameters(*parameters, preset);
  if (const Json* messages = fields.list("messages")) preset.messages = read_messages(*messages);
  if (fields.find("license")) preset.license = fields.texts("license", kMostTexts);
  return preset;
}

Json preset_json(const ModelPreset& preset) {
  Json json = Json::object();
  if (!preset.parent.empty()) json["parent"] = preset.parent;
  if (preset.system) json["system"] = *preset.system;
  if (!preset.parameters.empty()) json["parameters"] = preset.parameters;
  if (!preset.messages.empty()) json["messages"] = preset.messages;
  if (!preset.license.empty()) json["license"] = preset.license;
  return json;
}

}  // namespace adze::server
