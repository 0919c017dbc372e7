// Models in several GGUF files: "name-00001-of-00003.gguf" …
#pragma once

#include <optional>
#include <string>

namespace adze::formats {

// The keys of every part: its number from 0, how many parts there are, and the tensors of all together.
inline constexpr const char* kSplitNumber = "split.no";
inline constexpr const char* kSplitCount = "split.count";
inline constexpr const char* kSplitTensorCount = "split.tensors.count";

struct SplitName {
  std::string prefix;  // with the folder, without "-00001-of-00003.gguf"
  int part = 0;        // counts from 1
  int parts = 0;

  /// The path of another part.
  std::string path_of(int other_part) const;
};

/// Empty when the name does not say that the file is a part.
std::optional<SplitName> parse_split_name(const std::string& path);

/// The names for a model "model.gguf", or for one that is named as a part, in `parts` files.
SplitName split_name_for(const std::string& path, int parts);

}  // namespace adze::formats
