// lint: foreign names: variables of huggingface_hub
#include "cli/hub_settings.h"

#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "cli/model_cache.h"
#include "formats/ollama/ollama_store.h"

namespace adze::cli {
namespace {

constexpr int64_t kMaxTimeoutSeconds = 3600;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int64_t timeout_seconds(int64_t usual) {
  const auto text = environment("HF_HUB_DOWNLOAD_TIMEOUT");
  if (text.empty()) return usual;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 1 && seconds <= kMaxTimeoutSeconds) {
    return seconds;
  }
  fail(ErrorCode::bad_input, "HF_HUB_DOWNLOAD_TIMEOUT is '{}'; it must be a number of seconds from 1 to {}", text,
       kMaxTimeoutSeconds);
}

}  // namespace

hub::HubOptions hub_options() {
  hub::HubOptions options;
  if (auto endpoint = environment("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    options.endpoint = endpoint;
  }
  options.token = environment("HF_TOKEN");
  options.timeout_seconds = timeout_seconds(options.timeout_seconds);
  return options;
}

hub::HubCache hub_cache() {
  if (const auto folder = environment("HF_HUB_CACHE"); !folder.empty()) return hub::HubCache(folder);
  if (const auto home = environment("HF_HOME"); !home.empty()) return hub::HubCache(home + "/hub");
  return hub::HubCache(cache_folder() + "/hub");
}

bool hub_is_offline() {
  const auto text = environment("HF_HUB_OFFLINE");
  return text == "1" || text == "true" || text == "TRUE" || text == "yes" || text == "YES" || text == "on" ||
         text == "ON";
}

std::string model_path_of(const std::string& name) {
  if (const auto hub_name = hub::parse_hub_name(name)) return hub_cache().model_path(*hub_name);
  if (name.starts_with("ollama://")) return formats::ollama_manifest_path(name, formats::ollama_store_folder());
  return name;
}

}  // namespace adze::cli
