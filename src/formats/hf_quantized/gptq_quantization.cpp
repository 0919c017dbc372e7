#include "formats/hf_quantized/gptq_quantization.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"

namespace adze::formats {
namespace {

struct CheckpointFormat {
  const char* name;
  int zero_shift;
};
constexpr std::array kCheckpointFormats = {CheckpointFormat{"gptq", 1}, CheckpointFormat{"gptq_v2", 0}};
constexpr std::array kBits = {2, 3, 4, 8};

int read_bits(const FolderQuantization& folder) {
  const auto bits = json_value<int64_t>(folder.settings, "bits", 4, folder.where);
  if (std::ranges::find(kBits, bits) == kBits.end()) {
    fail(ErrorCode::unsupported, "{}: GPTQ has 2, 3, 4 or 8 bits, not {}", folder.where, bits);
  }
  return static_cast<int>(bits);
}

int64_t read_group(const FolderQuantization& folder) {
  const auto group = json_value<int64_t>(folder.settings, "group_size", 128, folder.where);
  if (group < -1 || group == 0 || group > int64_t{1} << 28) {
    fail(ErrorCode::bad_input, "{}: \"group_size\" is {}, which is neither a number of inputs nor -1", folder.where,
         group);
  }
  return group;
}

// Some tools say "format", the others "checkpoint_format".
int read_zero_shift(const FolderQuantization& folder) {
  const auto fallback = json_value<std::string>(folder.settings, "format", "gptq", folder.where);
  const auto name = json_value<std::string>(folder.settings, "checkpoint_format", fallback, folder.where);
  const auto found = std::ranges::find(kCheckpointFormats, name, &CheckpointFormat::name);
  if (found == kCheckpointFormats.end()) {
    fail(ErrorCode::unsupported, "{}: checkpoint format \"{}\" is not known; known are gptq and gptq_v2", folder.where,
         name);
  }
  return found->zero_shift;
}

}  // namespace

GptqQuantization GptqQuantization::read(const FolderQuantization& folder) {
  if (json_value<bool>(folder.settings, "is_marlin_format", false, folder.where)) {
    fail(ErrorCode::unsupported, "{}: weights are arranged for the Marlin kernel, which cannot be read", folder.where);
  }
  const auto overrides = folder.settings.find("dynamic");
  const bool may_differ = overrides != folder.settings.end() && overrides->is_object() && !overrides->empty();
  return {read_bits(folder), read_group(folder), read_zero_shift(folder), may_differ};
}

}  // namespace adze::formats
