#include "server/adapter_choice.h"

#include <fmt/format.h>

#include "runtime/choosable_adapters.h"
#include "server/request_error.h"
#include "server/request_fields.h"

namespace adze::server {
namespace {

constexpr size_t kMostAdapters = 1024;
constexpr double kMostScale = 1e6;
constexpr RequestField kEntryFields[] = {{"id"}, {"scale"}};

// "model:style" where there is no such style.
void require_known(const ModelSettings& settings, std::string_view name) {
  const bool names_one = name.starts_with(settings.name + ":") && name != settings.name + ":latest";
  if (!names_one || settings.adapters.empty()) return;
  throw RequestError(404, fmt::format("{} has no adapter '{}'", settings.name, name.substr(settings.name.size() + 1)),
                     "model");
}

}  // namespace

std::optional<size_t> adapter_called(const ModelSettings& model, std::string_view name) {
  const std::string prefix = model.name + ":";
  const std::string_view short_name = name.starts_with(prefix) ? name.substr(prefix.size()) : name;
  for (size_t i = 0; i < model.adapters.size(); ++i) {
    if (model.adapters[i].name == short_name) return i;
  }
  return std::nullopt;
}

std::vector<ops::AdapterUse> read_adapter_list(const Json& list, std::string_view where) {
  if (!list.is_array()) refuse_field(std::string(where), "must be a list of {{\"id\", \"scale\"}}");
  if (list.size() > kMostAdapters) refuse_field(std::string(where), "has more than {} entries", kMostAdapters);
  std::vector<ops::AdapterUse> uses;
  for (size_t i = 0; i < list.size(); ++i) {
    const Fields entry(list[i], fmt::format("{}[{}]", where, i));
    check_fields(list[i], kEntryFields, true);
    const auto id = entry.integer("id", 0, INT32_MAX);
    const auto scale = entry.number("scale", {-kMostScale, kMostScale});
    if (!id || !scale) refuse_field(std::string(where), "every entry needs an id and a scale");
    uses.push_back({*id, static_cast<float>(*scale)});
  }
  return uses;
}

std::vector<ops::AdapterUse> chosen_adapters(const ServedModel& model, const ChatRequest& request) {
  const auto& settings = model.settings();
  const auto count = static_cast<int64_t>(settings.adapters.size());
  if (request.adapters) {
    try {
      return runtime::checked_choice(*request.adapters, count);
    } catch (const Error& error) {
      throw RequestError(400, fmt::format("lora: {}", error.what()), "lora");
    }
  }
  if (const auto named = adapter_called(settings, request.model); named && request.model != settings.name) {
    return {{static_cast<int64_t>(*named), static_cast<float>(settings.adapters[*named].scale)}};
  }
  require_known(settings, request.model);
  return model.adapter_scales();
}

}  // namespace adze::server
