// What a conjunction of schemas says about values, before anything is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "text/grammars/schema_conjunction.h"

namespace adze::text {

/// The types that may be written. Without `type`, keywords that limit values of some types choose these types.
uint32_t allowed_types(const SchemaDocument& document, const SchemaConjunction& schemas);

/// The values of const and enum that all of the schemas name and whose type is allowed; nothing when none names any.
/// Throws Error(unsupported) when another keyword limits them.
std::optional<std::vector<Json>> listed_values(const SchemaDocument& document, const SchemaConjunction& schemas);

/// The properties of objects, in the order in which they are declared, and then those that are only required.
struct ObjectMembers {
  std::vector<std::string> names;
  std::vector<std::string> required;
  /// Whether others may stand beside them. Where `additionalProperties` says nothing, they may not if any is declared.
  bool is_open = false;

  bool has(const std::string& name) const;
  bool requires_name(const std::string& name) const;
};

ObjectMembers object_members(const SchemaDocument& document, const SchemaConjunction& schemas);
SchemaConjunction property_schemas(const SchemaDocument& document, const SchemaConjunction& schemas,
                                   const std::string& name);
/// Of properties that are not declared.
SchemaConjunction additional_schemas(const SchemaDocument& document, const SchemaConjunction& schemas);

/// Whether no text that is written for one of them is valid for the other, as far as that is found out easily.
bool are_disjoint(const SchemaDocument& document, const SchemaConjunction& a, const SchemaConjunction& b);

}  // namespace adze::text
