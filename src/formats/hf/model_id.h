// What the customary name of a model says about it: "org/Base-v2-7B-Instruct".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace adze::formats {

/// Empty members are not in the name.
struct ModelId {
  std::string full_name;  // without the organization
  std::string organization;
  std::string base_name;
  std::string fine_tune;
  std::string version;
  std::string size_label;
};

/// Takes a name apart as GGUF converters do. `parameters`, the number of weights or 0, tells a size ("7B") from a
/// context length ("128k").
ModelId parse_model_id(std::string_view id, int64_t parameters);

/// "smol-lm2-instruct" -> "Smol Lm2 Instruct"; words with capitals and versions stay.
std::string title_of(std::string_view name);

/// "135M", "1.2B": at least two digits.
std::string size_label_of(int64_t parameters);

}  // namespace adze::formats
