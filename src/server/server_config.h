// The configuration file of a server: JSON. docs/server.md describes it.
#pragma once

#include <string>

#include "server/serve.h"

namespace adze::server {

/// Reads what the file says over `options`. Paths of models are relative to the file's folder. Throws Error naming the
/// file and the member, also for members that are not known.
void read_server_config(const std::string& path, ServerOptions& options);

/// A member of "models". `where`: for messages.
ModelSettings read_model_settings(const Json& json, const std::string& where, const std::string& config);

/// What read_model_settings() reads; paths within `folder` are relative to it.
Json model_settings_json(const ModelSettings& settings, const std::string& folder);

/// Adds the key to the file, which is made if it is not there; the key itself is not stored. Throws Error(bad_input)
/// when the name is taken.
void add_key_to_config(const std::string& path, const ApiKey& key);

}  // namespace adze::server
