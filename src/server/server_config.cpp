#include "server/server_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "model/pooling.h"
#include "server/request_error.h"
#include "server/request_fields.h"

namespace adze::server {
namespace {

constexpr int64_t kMost = int64_t{1} << 50;

constexpr RequestField kMembers[] = {
    {"host"},
    {"port"},
    {"models"},
    {"max_ram_bytes"},
    {"keep_alive_seconds"},
    {"drain_seconds"},
    {"strict"},
    {"keys"},
    {"allow_origins"},
    {"requests_per_minute"},
    {"max_choices"},
    {"limits"},
    {"stored_response_bytes"},
    {"store"},
    {"store_bytes"},
    {"tls"},
};
constexpr RequestField kModelMembers[] = {
    {"name"},         {"path"},        {"context"},          {"cache_tokens"}, {"max_running"},
    {"draft_tokens"}, {"draft_model"}, {"adapters"},         {"threads"},      {"activation"},
    {"kv"},           {"template"},    {"applied_adapters"}, {"parent"},       {"system"},
    {"parameters"},   {"messages"},    {"license"},          {"pooling"},
};
constexpr RequestField kAdapterMembers[] = {{"name"}, {"path"}, {"scale"}};
constexpr RequestField kKeyMembers[] = {{"name"}, {"salt"}, {"sha256"}, {"role"}, {"requests_per_minute"}};
constexpr RequestField kTlsMembers[] = {{"certificate"}, {"key"}};
constexpr RequestField kLimitMembers[] = {
    {"header_bytes"}, {"body_bytes"},     {"connections"},  {"waiting_requests"}, {"unread_bytes"},
    {"idle_seconds"}, {"header_seconds"}, {"body_seconds"}, {"write_seconds"},
};

template <typename T>
void set_integer(const Fields& fields, std::string_view name, T& value, int64_t minimum = 0, int64_t maximum = kMost) {
  if (const auto given = fields.integer(name, minimum, maximum)) value = static_cast<T>(*given);
}

void set_seconds(const Fields& fields, std::string_view name, double& value, double minimum = 0) {
  if (const auto given = fields.number(name, {minimum, 1e9})) value = *given;
}

std::string beside(const std::string& config, const std::string& path) {
  return (std::filesystem::path(config).parent_path() / path).string();
}

AdapterSettings read_adapter(const Json& json, const std::string& where, const std::string& config) {
  check_fields(json, kAdapterMembers, true);
  const Fields fields(json, where);
  AdapterSettings adapter;
  adapter.path = beside(config, fields.require_text("path"));
  adapter.name = fields.text("name").value_or(model_name_of(adapter.path));
  adapter.scale = fields.number("scale", {-1e6, 1e6}).value_or(1);
  return adapter;
}

std::vector<AdapterSettings> read_adapters(const Fields& fields, std::string_view name, const std::string& config) {
  std::vector<AdapterSettings> adapters;
  const Json* list = fields.list(name);
  for (size_t i = 0; list && i < list->size(); ++i) {
    adapters.push_back(read_adapter((*list)[i], fmt::format("{}[{}]", fields.path(name), i), config));
  }
  return adapters;
}

ApiKey read_key(const Json& json, const std::string& where) {
  check_fields(json, kKeyMembers, true);
  const Fields fields(json, where);
  ApiKey key{.name = fields.require_text("name"),
             .salt = fields.require_text("salt"),
             .sha256 = fields.require_text("sha256")};
  const auto role = fields.text("role").value_or("user");
  if (role != "user" && role != "operator") refuse_field(fields.path("role"), "'{}' is none of user, operator", role);
  key.role = role == "operator" ? Role::operator_ : Role::user;
  set_seconds(fields, "requests_per_minute", key.requests_per_minute);
  return key;
}

void read_limits(const Json& json, HttpLimits& limits) {
  check_fields(json, kLimitMembers, true);
  const Fields fields(json, "limits");
  set_integer(fields, "header_bytes", limits.header_bytes, 1024, int64_t{1} << 20);
  set_integer(fields, "body_bytes", limits.body_bytes, 1024);
  set_integer(fields, "connections", limits.connections, 1, 1'000'000);
  set_integer(fields, "waiting_requests", limits.waiting_requests, 1, 1'000'000);
  set_integer(fields, "unread_bytes", limits.unread_bytes, 1024);
  set_seconds(fields, "idle_seconds", limits.idle_seconds, 0.01);
  set_seconds(fields, "header_seconds", limits.header_seconds, 0.01);
  set_seconds(fields, "body_seconds", limits.body_seconds, 0.01);
  set_seconds(fields, "write_seconds", limits.write_seconds, 0.01);
}

TlsFiles read_tls(const Json& json, const std::string& config) {
  check_fields(json, kTlsMembers, true);
  const Fields fields(json, "tls");
  return {.certificate = beside(config, fields.require_text("certificate")),
          .key = beside(config, fields.require_text("key"))};
}

void read_lists(const Fields& fields, const std::string& path, ServiceOptions& service) {
  if (const Json* models = fields.list("models")) {
    for (size_t i = 0; i < models->size(); ++i) {
      service.models.push_back(read_model_settings((*models)[i], fmt::format("models[{}]", i), path));
    }
  }
  if (const Json* keys = fields.list("keys")) {
    for (size_t i = 0; i < keys->size(); ++i)
      service.access.keys.push_back(read_key((*keys)[i], fmt::format("keys[{}]", i)));
  }
  for (auto& origin : fields.texts("allow_origins", 1000)) service.access.allowed_origins.push_back(std::move(origin));
}

void read_document(const Json& document, const std::string& path, ServerOptions& options) {
  if (!document.is_object()) fail(ErrorCode::bad_input, "is no JSON object");
  check_fields(document, kMembers, true);
  const Fields fields(document);
  options.http.host = fields.text("host").value_or(options.http.host);
  set_integer(fields, "port", options.http.port, 0, 65535);
  set_integer(fields, "max_ram_bytes", options.service.max_model_bytes);
  set_seconds(fields, "keep_alive_seconds", options.service.keep_seconds, -1);
  set_seconds(fields, "drain_seconds", options.drain_seconds);
  options.service.is_strict = fields.flag("strict", options.service.is_strict);
  set_seconds(fields, "requests_per_minute", options.service.access.requests_per_minute);
  set_integer(fields, "max_choices", options.service.max_choices, 1, 1024);
  set_integer(fields, "stored_response_bytes", options.service.stored_response_bytes);
  if (const Json* limits = fields.object("limits")) read_limits(*limits, options.http.limits);
  if (const auto store = fields.text("store")) options.service.store.folder = beside(path, *store);
  set_integer(fields, "store_bytes", options.service.store.most_bytes);
  if (const Json* tls = fields.object("tls")) options.http.tls = read_tls(*tls, path);
  read_lists(fields, path, options.service);
}

// As it is read again: relative where it lies in the folder.
std::string path_from(const std::string& folder, const std::string& path) {
  const auto relative = std::filesystem::path(path).lexically_relative(folder);
  const bool is_inside = !relative.empty() && *relative.begin() != "..";
  return is_inside ? relative.string() : std::filesystem::absolute(path).string();
}

Json adapters_json(const std::vector<AdapterSettings>& adapters, const std::string& folder) {
  Json list = Json::array();
  for (const auto& each : adapters) {
    list.push_back({{"name", each.name}, {"path", path_from(folder, each.path)}, {"scale", each.scale}});
  }
  return list;
}

}  // namespace

ModelSettings read_model_settings(const Json& json, const std::string& where, const std::string& config) {
  check_fields(json, kModelMembers, true);
  const Fields fields(json, where);
  ModelSettings model;
  model.path = beside(config, fields.require_text("path"));
  model.name = fields.text("name").value_or(model_name_of(model.path));
  set_integer(fields, "context", model.context);
  set_integer(fields, "cache_tokens", model.cache_tokens);
  set_integer(fields, "max_running", model.max_running, 1);
  set_integer(fields, "draft_tokens", model.draft_tokens, 0, 64);
  set_integer(fields, "threads", model.threads, 0, 1024);
  model.activation = fields.text("activation").value_or(model.activation);
  model.kv = fields.text("kv").value_or(model.kv);
  model.pooling = fields.text("pooling").value_or(model.pooling);
  if (model.pooling != "model" && !model::pooling_named(model.pooling)) {
    refuse_field(fields.path("pooling"), "'{}' is none of model, {}", model.pooling,
                 fmt::join(model::pooling_names(), ", "));
  }
  if (const auto file = fields.text("draft_model")) model.draft_model = beside(config, *file);
  model.adapters = read_adapters(fields, "adapters", config);
  model.applied_adapters = read_adapters(fields, "applied_adapters", config);
  model.preset = read_preset(fields);
  if (const auto file = fields.text("template")) model.template_file = beside(config, *file);
  return model;
}

Json model_settings_json(const ModelSettings& settings, const std::string& folder) {
  Json json = {{"name", settings.name},
               {"path", path_from(folder, settings.path)},
               {"context", settings.context},
               {"cache_tokens", settings.cache_tokens},
               {"max_running", settings.max_running},
               {"draft_tokens", settings.draft_tokens},
               {"threads", settings.threads},
               {"activation", settings.activation},
               {"kv", settings.kv},
               {"pooling", settings.pooling}};
  if (settings.draft_model) json["draft_model"] = path_from(folder, *settings.draft_model);
  if (settings.template_file) json["template"] = path_from(folder, *settings.template_file);
  if (!settings.adapters.empty()) json["adapters"] = adapters_json(settings.adapters, folder);
  if (!settings.applied_adapters.empty()) json["applied_adapters"] = adapters_json(settings.applied_adapters, folder);
  json.update(preset_json(settings.preset));
  return json;
}

void read_server_config(const std::string& path, ServerOptions& options) {
  const Json document = read_json_file(path);
  with_context(path, [&] { read_document(document, path, options); });
}

void add_key_to_config(const std::string& path, const ApiKey& key) {
  Json document = std::filesystem::exists(path) ? read_json_file(path) : Json::object();
  ServerOptions checked;
  with_context(path, [&] { read_document(document, path, checked); });
  const auto has_name = [&](const ApiKey& other) { return other.name == key.name; };
  if (std::ranges::any_of(checked.service.access.keys, has_name)) {
    fail(ErrorCode::bad_input, "{}: there is a key '{}' already", path, key.name);
  }
  document["keys"].push_back({{"name", key.name},
                              {"role", key.role == Role::operator_ ? "operator" : "user"},
                              {"salt", key.salt},
                              {"sha256", key.sha256}});
  write_text_file(path, document.dump(2) + "\n");
}

}  // namespace adze::server
