// Hugging Face's names of weights <-> canonical names, from the table of an architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "architectures/architecture.h"

namespace adze::formats {

struct MappedWeight {
  std::string name;  // in the other world
  architectures::Transform transform = architectures::Transform::none;
};

/// One direction of the table. Layer numbers are taken from the name and put in place of "{}".
class WeightNames {
 public:
  static WeightNames to_canonical(const architectures::Architecture& architecture);
  static WeightNames to_hugging_face(const architectures::Architecture& architecture);

  /// Empty for a name that the table does not have.
  std::optional<MappedWeight> find(std::string_view name) const;

 private:
  struct Target {
    std::string_view pattern;
    architectures::Transform transform;
  };
  std::unordered_map<std::string_view, Target> targets_;  // by pattern with "{}"
};

}  // namespace adze::formats
