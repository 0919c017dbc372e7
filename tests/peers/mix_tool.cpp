// Prints which storage type each tensor of a GGUF file gets, so that scripts can compare the mixes with llama.cpp's:
//
//   mix_tool list                 one line per mix: name, general.file_type
//   mix_tool choose FILE MIX [OPTION …]
//                                 one line per tensor: name, storage type, reason. Options: importance (as if it were
//                                 known), and --pure, --leave-output-tensor, --output-tensor-type T,
//                                 --token-embedding-type T, --tensor-type REGEX=T as llama-quantize has them
#include <cstdio>
#include <string>
#include <string_view>

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

struct Options {
  bool has_importance = false;
  adze::quantize::TypeOverrides overrides;
};

Options parse_options(int count, char** arguments) {
  using adze::codecs::require_codec;
  Options options;
  for (int i = 0; i < count; ++i) {
    const std::string_view option = arguments[i];
    if (option == "importance") {
      options.has_importance = true;
    } else if (option == "--pure") {
      options.overrides.pure = true;
    } else if (option == "--leave-output-tensor") {
      options.overrides.keep_output = true;
    } else if (i + 1 == count) {
      adze::fail(adze::ErrorCode::bad_input, "{}: unknown, or a value is missing", option);
    } else if (option == "--output-tensor-type") {
      options.overrides.output = &require_codec(arguments[++i]);
    } else if (option == "--token-embedding-type") {
      options.overrides.token_embedding = &require_codec(arguments[++i]);
    } else {
      const std::string value = arguments[++i];
      const size_t equals = value.find('=');
      options.overrides.patterns.push_back({value.substr(0, equals), &require_codec(value.substr(equals + 1))});
    }
  }
  return options;
}

void choose_types(const char* path, const char* mix_name, const Options& options) {
  const Mix& mix = adze::quantize::mix_named(mix_name);
  const auto model = adze::formats::read_model(path, {.tokenizer = false});
  auto request = adze::quantize::mix_request(model);
  request.has_importance = options.has_importance;
  const auto choices = adze::quantize::choose_tensor_types(mix, request, options.overrides);
  for (size_t i = 0; i < choices.size(); ++i) {
    std::printf("%s %s %s\n", request.tensors[i].name.c_str(), std::string(choices[i].storage->name).c_str(),
                choices[i].reason.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "list") return list_mixes(), 0;
  if (verb == "choose" && argc >= 4) return choose_types(argv[2], argv[3], parse_options(argc - 4, argv + 4)), 0;
  std::fprintf(stderr, "usage: mix_tool list | choose FILE MIX [OPTION ...]\n");
  return 2;
} catch (const adze::Error& error) {
  std::fprintf(stderr, "mix_tool: %s\n", error.what());
  return 1;
}
