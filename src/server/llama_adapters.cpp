// GET and POST /lora-adapters, llama-server's own. // lint: foreign names: llama-server
#include <filesystem>

#include "runtime/choosable_adapters.h"
#include "server/adapter_choice.h"
#include "server/request_error.h"
#include "server/request_fields.h"
#include "server/service.h"

namespace adze::server {
namespace {

Json adapters_json(const ServedModel& model) {
  Json list = Json::array();
  const auto& adapters = model.settings().adapters;
  for (size_t i = 0; i < adapters.size(); ++i) {
    list.push_back({{"id", i},
                    {"name", adapters[i].name},
                    {"path", std::filesystem::path(adapters[i].path).filename().string()},
                    {"scale", 0.0}});
  }
  for (const auto& [adapter, strength] : model.adapter_scales()) list[static_cast<size_t>(adapter)]["scale"] = strength;
  return list;
}

}  // namespace

void get_lora_adapters(const ExchangePtr& exchange) {
  exchange->send_json(200, adapters_json(*exchange->service().open_model(*exchange, "")));
}

// For requests that choose none by themselves.
void post_lora_adapters(const ExchangePtr& exchange) {
  const auto& text = exchange->request().body;
  const Json body = Json::parse(text, nullptr, false);
  const auto uses = read_adapter_list(body, "adapters");
  const auto model = exchange->service().open_model(*exchange, "");
  try {
    model->set_adapter_scales(runtime::checked_choice(uses, static_cast<int64_t>(model->settings().adapters.size())));
  } catch (const Error& error) {
    throw RequestError(400, error.what());
  }
  exchange->send_json(200, adapters_json(*model));
}

}  // namespace adze::server
