// What the environment says about hubs: HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE, HF_HOME, HF_HUB_DOWNLOAD_TIMEOUT,
// HF_HUB_OFFLINE, as huggingface_hub understands them.
#pragma once

#include <string>

#include "hub/hub_cache.h"
#include "hub/hub_files.h"

namespace adze::cli {

/// Error(bad_input) for a value that makes no sense.
hub::HubOptions hub_options();

/// $HF_HUB_CACHE, else $HF_HOME/hub, else `hub` in the program's own cache folder.
hub::HubCache hub_cache();

bool hub_is_offline();

/// "hf:…" and "ollama://…" become the path where the model lies on this machine; anything else is a path already.
/// Error(not_found) saying how to get it.
std::string model_path_of(const std::string& name);

}  // namespace adze::cli
