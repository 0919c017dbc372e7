// Models in Ollama's store: manifests that name blobs by their sums.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace adze::formats {

/// $OLLAMA_MODELS, else .ollama/models in the home folder.
std::string ollama_store_folder();

/// "name", "name:tag", "space/name:tag" or "host/space/name:tag", as Ollama writes them, to the path of the manifest.
/// Error(bad_input) for a name that is none or would leave the store, Error(not_found) for one that is not there.
std::string ollama_manifest_path(std::string_view name, const std::string& store);

struct OllamaLayer {
  std::string kind;  // "model", "template", "system", "params", "license", "adapter", "projector", "messages"
  std::string path;  // of the blob, which is there and in the store
};

bool is_ollama_manifest(const Json& json);

/// The layers of a manifest in `store`. Error(bad_input) for sums that are none and blobs that lie elsewhere,
/// Error(not_found) for a missing blob.
std::vector<OllamaLayer> ollama_layers(const Json& manifest, const std::string& path, const std::string& store);

/// The store that the manifest lies in: what comes before "manifests" in its path. Error(bad_input) if nothing does.
std::string store_of_manifest(const std::string& path);

}  // namespace adze::formats
