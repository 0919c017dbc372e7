// What a served model says beside its file: a system message, the beginning of every conversation, defaults of
// sampling.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/chat_request.h"
#include "server/request_fields.h"

namespace adze::server {

/// A request's own words win over each of them, they win over what the model's file says.
struct ModelPreset {
  std::string parent = {};                     // the model that it was made from
  std::optional<std::string> system = {};      // where a conversation does not begin with such a message
  Json parameters = Json::object();            // as Ollama's options
  Json messages = Json::array();               // role and content, in front of what a conversation says
  std::vector<std::string> license = {};       // to be shown
  SamplingRequest sampling = {};               // of parameters
  std::vector<std::string> stop = {};          // likewise
  std::optional<int64_t> max_tokens = {};      // likewise; below 0: as much as fits
  std::optional<int64_t> context_tokens = {};  // likewise

  bool operator==(const ModelPreset&) const = default;
};

/// The preset with what the fields "parent", "system", "parameters", "messages" and "license" say; what they do not say
/// stays. Throws RequestError.
ModelPreset read_preset(const Fields& fields, ModelPreset preset = {});

/// What read_preset() reads; only members that say something.
Json preset_json(const ModelPreset& preset);

}  // namespace adze::server
