// Any text as a Modelfile, a manifest of Ollama's store, or a name in it: an Error, or what it says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "formats/ollama/modelfile.h"
#include "formats/ollama/ollama_store.h"

namespace {

using namespace adze;

// A store that is not there: a blob that was found in it would be outside.
constexpr const char* kStore = "no-such-store";

void read_as_modelfile(std::string_view text) {
  try {
    const auto file = formats::parse_modelfile(text, "Modelfile");
    if (file.from.empty()) std::abort();
  } catch (const Error&) {
  }
  formats::looks_like_modelfile(text);
}

void read_as_manifest(std::string_view text) {
  try {
    const Json json = parse_json(text, "manifest");
    if (formats::is_ollama_manifest(json) && !formats::ollama_layers(json, "manifest", kStore).empty()) std::abort();
  } catch (const Error&) {
  }
}

void read_as_name(std::string_view text) {
  try {
    formats::ollama_manifest_path(text, kStore);
    std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_as_modelfile(text);
  read_as_manifest(text);
  read_as_name(text);
  return 0;
}
