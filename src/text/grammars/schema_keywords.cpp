#include "text/grammars/schema_keywords.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace adze::text {
namespace {

using Kind = SchemaKeyword::Kind;

constexpr SchemaKeyword kSchemaKeywords[] = {
    {"$anchor", Kind::note},
    {"$comment", Kind::note},
    {"$defs", Kind::note},
    {"$dynamicAnchor", Kind::note},
    {"$dynamicRef", Kind::unsupported, kAnyType, "use $ref"},
    {"$id", Kind::note},
    {"$recursiveRef", Kind::unsupported, kAnyType, "use $ref"},
    {"$ref", Kind::structure},
    {"$schema", Kind::note},
    {"$vocabulary", Kind::note},
    {"additionalItems", Kind::unsupported, kArray, "use prefixItems, and items for the rest"},
    {"additionalProperties", Kind::limit, kObject},
    {"allOf", Kind::structure},
    {"anyOf", Kind::structure},
    {"const", Kind::structure},
    {"contains", Kind::unsupported, kArray, "use prefixItems"},
    {"contentEncoding", Kind::note},
    {"contentMediaType", Kind::note},
    {"contentSchema", Kind::note},
    {"default", Kind::note},
    {"definitions", Kind::note},
    {"dependencies", Kind::unsupported, kObject, "list the forms with anyOf"},
    {"dependentRequired", Kind::unsupported, kObject, "list the forms with anyOf"},
    {"dependentSchemas", Kind::unsupported, kObject, "list the forms with anyOf"},
    {"deprecated", Kind::note},
    {"description", Kind::note},
    {"else", Kind::unsupported, kAnyType, "list the forms with anyOf"},
    {"enum", Kind::structure},
    {"examples", Kind::note},
    {"exclusiveMaximum", Kind::limit, kNumber},
    {"exclusiveMinimum", Kind::limit, kNumber},
    {"format", Kind::limit, kString},
    {"if", Kind::unsupported, kAnyType, "list the forms with anyOf"},
    {"items", Kind::limit, kArray},
    {"maxContains", Kind::unsupported, kArray, "use maxItems"},
    {"maxItems", Kind::limit, kArray},
    {"maxLength", Kind::limit, kString},
    {"maxProperties", Kind::limit, kObject},
    {"maximum", Kind::limit, kNumber},
    {"minContains", Kind::unsupported, kArray, "use minItems"},
    {"minItems", Kind::limit, kArray},
    {"minLength", Kind::limit, kString},
    {"minProperties", Kind::limit, kObject},
    {"minimum", Kind::limit, kNumber},
    {"multipleOf", Kind::unsupported, kNumber, "use minimum and maximum, or list the values with enum"},
    {"not", Kind::unsupported, kAnyType, "say what is valid instead"},
    {"oneOf", Kind::structure},
    {"pattern", Kind::limit, kString},
    {"patternProperties", Kind::unsupported, kObject, "use properties or additionalProperties"},
    {"prefixItems", Kind::limit, kArray},
    {"properties", Kind::limit, kObject},
    {"propertyNames", Kind::unsupported, kObject, "use properties"},
    {"readOnly", Kind::note},
    {"required", Kind::limit, kObject},
    {"then", Kind::unsupported, kAnyType, "list the forms with anyOf"},
    {"title", Kind::note},
    {"type", Kind::structure},
    {"unevaluatedItems", Kind::unsupported, kArray, "use items"},
    {"unevaluatedProperties", Kind::unsupported, kObject, "use additionalProperties"},
    {"uniqueItems", Kind::limit, kArray},
    {"writeOnly", Kind::note},
};

constexpr std::array<std::pair<std::string_view, uint32_t>, 7> kTypes{{{"null", kNull},
                                                                       {"boolean", kBoolean},
                                                                       {"object", kObject},
                                                                       {"array", kArray},
                                                                       {"string", kString},
                                                                       {"integer", kInteger},
                                                                       {"number", kNumber}}};

}  // namespace

std::span<const SchemaKeyword> schema_keywords() { return kSchemaKeywords; }

const SchemaKeyword* find_schema_keyword(std::string_view name) {
  const auto found = std::find_if(std::begin(kSchemaKeywords), std::end(kSchemaKeywords),
                                  [&](const auto& keyword) { return keyword.name == name; });
  return found == std::end(kSchemaKeywords) ? nullptr : found;
}

uint32_t schema_type_named(std::string_view name) {
  for (const auto& [type, types] : kTypes) {
    if (type == name) return types;
  }
  return kNoType;
}

uint32_t schema_type_of(const Json& value) {
  if (value.is_null()) return kNull;
  if (value.is_boolean()) return kBoolean;
  if (value.is_object()) return kObject;
  if (value.is_array()) return kArray;
  if (value.is_string()) return kString;
  return value.is_number_float() && std::trunc(value.get<double>()) != value.get<double>() ? kFraction : kInteger;
}

}  // namespace adze::text
