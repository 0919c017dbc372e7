#include "formats/hf_quantized/awq_quantization.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/error.h"

namespace adze::formats {
namespace {

// llm-awq and AutoAWQ's own files call it otherwise.
int64_t whole_number(const FolderQuantization& folder, const char* key, const char* old_key, int64_t fallback) {
  const auto old = json_value<int64_t>(folder.settings, old_key, fallback, folder.where);
  return json_value<int64_t>(folder.settings, key, old, folder.where);
}

std::string arrangement(const FolderQuantization& folder) {
  const auto fallback = json_value<std::string>(folder.settings, "format", "gemm", folder.where);
  auto name = json_value<std::string>(folder.settings, "version", fallback, folder.where);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

AwqQuantization AwqQuantization::read(const FolderQuantization& folder) {
  const int64_t bits = whole_number(folder, "bits", "w_bit", 4);
  if (bits != 4) fail(ErrorCode::unsupported, "{}: AWQ has 4 bits, not {}", folder.where, bits);
  const auto version = arrangement(folder);
  if (version != "gemm") {
    fail(ErrorCode::unsupported, "{}: weights are arranged as \"{}\"; \"gemm\" can be read", folder.where, version);
  }
  const int64_t group = whole_number(folder, "group_size", "q_group_size", 128);
  if (group < -1 || group == 0 || group > int64_t{1} << 28) {
    fail(ErrorCode::bad_input, "{}: \"group_size\" is {}, which is neither a number of inputs nor -1", folder.where,
         group);
  }
  return {group, json_value<bool>(folder.settings, "zero_point", true, folder.where)};
}

}  // namespace adze::formats
