// Hugging Face's names of weights <-> canonical names, from the table of an architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "architectures/architecture.h"
#include "model/model.h"

namespace adze::formats {

struct MappedWeight {
  std::string name;  // in the other world; may keep a "{}" for the number of a part
  architectures::Transform transform = architectures::Transform::none;
  /// Which part of a stack a name of Hugging Face stands for.
  std::optional<int64_t> part;
};

/// `name` with the first "{}" replaced by a number.
std::string filled(std::string_view name, std::string_view number);

/// One direction of the table. Layer numbers are taken from the name and put in place of "{}".
class WeightNames {
 public:
  static WeightNames to_canonical(const architectures::Architecture& architecture);
  /// `tensors` decide where a name depends on other weights (WeightName::needs_weight); null: such names are not used.
  static WeightNames to_hugging_face(const architectures::Architecture& architecture,
                                     const model::TensorList* tensors = nullptr);

  /// Empty for a name that the table does not have. Of several rows with this name the first counts.
  std::optional<MappedWeight> find(std::string_view name) const;

 private:
  struct Target {
    std::string_view pattern;
    architectures::Transform transform;
  };
  std::unordered_map<std::string_view, Target> targets_;  // by pattern with "{}"
};

/// How a variant of the folder calls weights otherwise.
struct WeightNameVariant {
  /// What becomes of a name of Hugging Face, which may lose its "{}", and of its transform.
  MappedWeight (*from_hugging_face)(const architectures::Architecture& architecture, MappedWeight weight);
  /// The canonical name of one of the variant; `names` are those to canonical ones.
  std::optional<MappedWeight> (*find)(const architectures::Architecture& architecture, const WeightNames& names,
                                      std::string_view name);
};

extern const WeightNameVariant hugging_face_names;

}  // namespace adze::formats
