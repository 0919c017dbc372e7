// Which adapters of its model a request goes through.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "ops/op.h"
#include "server/chat_request.h"
#include "server/served_model.h"

namespace adze::server {

/// What the request says, else what the name says by which it calls the model, else the model's present scales. Throws
/// RequestError for adapters that are not there.
std::vector<ops::AdapterUse> chosen_adapters(const ServedModel& model, const ChatRequest& request);

/// [{"id", "scale"}], as llama-server has it. Throws RequestError naming the field.
std::vector<ops::AdapterUse> read_adapter_list(const Json& list, std::string_view where);

/// The adapter that is called so, "style" or "model:style"; its number, or none.
std::optional<size_t> adapter_called(const ModelSettings& model, std::string_view name);

}  // namespace adze::server
