// Prints which storage type each tensor of a GGUF file gets, so that scripts can compare the mixes with llama.cpp's:
//
//   mix_tool list                 one line per mix: name, general.file_type
//   mix_tool choose FILE MIX [importance]
//                                 one line per tensor: name, storage type, reason; as if importance were known
#include <cstdio>
#include <string>

#include "base/error.h"
#include "formats/format.h"
#include "quantize/mix.h"

namespace {

using adze::quantize::Mix;

void list_mixes() {
  for (const Mix& mix : adze::quantize::all_mixes()) {
    std::printf("%s %u\n", std::string(mix.name).c_str(), mix.file_type);
  }
}

void choose_types(const char* path, const char* mix_name, bool has_importance) {
  const Mix& mix = adze::quantize::mix_named(mix_name);
  const auto model = adze::formats::read_model(path, {.tokenizer = false});
  auto request = adze::quantize::mix_request(model);
  request.has_importance = has_importance;
  const auto choices = adze::quantize::choose_tensor_types(mix, request);
  for (size_t i = 0; i < choices.size(); ++i) {
    std::printf("%s %s %s\n", request.tensors[i].name.c_str(), std::string(choices[i].storage->name).c_str(),
                choices[i].reason.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "list") return list_mixes(), 0;
  const bool has_importance = argc == 5 && std::string(argv[4]) == "importance";
  if (verb == "choose" && (argc == 4 || has_importance)) return choose_types(argv[2], argv[3], has_importance), 0;
  std::fprintf(stderr, "usage: mix_tool list | choose FILE MIX [importance]\n");
  return 2;
} catch (const adze::Error& error) {
  std::fprintf(stderr, "mix_tool: %s\n", error.what());
  return 1;
}
