// Hugging Face's names of weights <-> canonical names, from the table of an architecture.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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

/// What stands in the place of "{}" of `pattern`, if it is a number; empty for a name that does not fit.
std::optional<std::string> layer_in(std::string_view name, std::string_view pattern);

/// `name` without the prefix of one of the architecture's classes.
std::string_view without_class_prefix(std::string_view name, const architectures::Architecture& architecture);

/// One direction of the table. Layer numbers are taken from the name and put in place of "{}".
class WeightNames {
 public:
  static WeightNames to_canonical(const architectures::Architecture& architecture);
  /// `model` decides where a name depends on other weights or settings (WeightName::needs_weight, needs_config); null:
  /// such names are not used. `prefix`: of the class that is written.
  static WeightNames to_hugging_face(const architectures::Architecture& architecture,
                                     const model::Model* model = nullptr, std::string_view prefix = {});

  /// Empty for a name that the table does not have. Of several rows with this name the first counts.
  std::optional<MappedWeight> find(std::string_view name) const;

 private:
  std::optional<MappedWeight> find_whole(std::string_view name) const;

  struct Target {
    std::string_view pattern;
    architectures::Transform transform;
    bool outside_prefix = false;
  };
  std::unordered_map<std::string_view, Target> targets_;  // by pattern with "{}"
  std::vector<std::string_view> prefixes_;                // that names may have in front
  std::string_view prefix_;                               // that results get
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
/// The same where norms have their 1 added already, as exporters of graphs fold it into the weight.
extern const WeightNameVariant exported_names;
/// Folders whose weights have canonical names already, and canonical rows.
extern const WeightNameVariant canonical_names;

}  // namespace adze::formats
