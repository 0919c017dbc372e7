#include "text/grammars/schema_values.h"

#include <algorithm>

namespace adze::text {
namespace {

constexpr int kMaxDepthOfComparison = 6;

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

uint32_t named_types(const SchemaDocument& document, const SchemaPart& part) {
  const Json& type = *part.find("type");
  uint32_t types = kNoType;
  for (const Json& name : type.is_array() ? type : Json::array({type})) {
    const uint32_t named = name.is_string() ? schema_type_named(name.get_ref<const std::string&>()) : uint32_t{kNoType};
    if (named == kNoType) document.refuse(ErrorCode::bad_input, part, "type", "{} is no type", name.dump());
    types |= named;
  }
  return types;
}

uint32_t limited_types(const SchemaConjunction& schemas) {
  uint32_t types = kNoType;
  for (const SchemaPart& part : schemas.parts()) {
    for (const auto& [name, value] : part.schema->items()) {
      const SchemaKeyword* keyword = find_schema_keyword(name);
      if (keyword && keyword->kind == SchemaKeyword::Kind::limit) types |= keyword->types;
    }
  }
  return types;
}

std::vector<Json> values_of(const SchemaDocument& document, const SchemaPart& part, const char* keyword) {
  const Json& value = *part.find(keyword);
  if (std::string_view(keyword) == "const") return {value};
  document.require_array(part, keyword);
  return {value.begin(), value.end()};
}

void refuse_other_limits(const SchemaDocument& document, const SchemaConjunction& schemas, uint32_t types) {
  for (const SchemaPart& part : schemas.parts()) {
    for (const auto& [name, value] : part.schema->items()) {
      const SchemaKeyword* keyword = find_schema_keyword(name);
      const bool limits = keyword && keyword->kind == SchemaKeyword::Kind::limit && (keyword->types & types) != 0;
      if (limits) document.refuse(ErrorCode::unsupported, part, name, "beside const or enum; list what is valid only");
    }
  }
}

uint32_t possible_types(const SchemaDocument& document, const SchemaConjunction& schemas) {
  const auto values = listed_values(document, schemas);
  if (!values) return allowed_types(document, schemas);
  uint32_t types = kNoType;
  for (const Json& value : *values) types |= schema_type_of(value);
  return types;
}

bool are_disjoint_to(const SchemaDocument& document, const SchemaConjunction& a, const SchemaConjunction& b, int depth);

// Whether no object that is written for `a` is valid for `b`.
bool never_fits(const SchemaDocument& document, const SchemaConjunction& a, const SchemaConjunction& b, int depth) {
  const auto of_a = object_members(document, a);
  const auto of_b = object_members(document, b);
  const bool b_is_closed = !of_b.names.empty() && b.has("additionalProperties") && !of_b.is_open;
  for (const std::string& name : of_b.required) {
    if (!of_a.has(name) && !of_a.is_open) return true;
  }
  for (const std::string& name : of_a.required) {
    if (b_is_closed && !of_b.has(name)) return true;
    const bool differs = of_b.has(name) && are_disjoint_to(document, property_schemas(document, a, name),
                                                           property_schemas(document, b, name), depth + 1);
    if (differs) return true;
  }
  return false;
}

bool are_disjoint_to(const SchemaDocument& document, const SchemaConjunction& a, const SchemaConjunction& b,
                     int depth) {
  if (a.is_never() || b.is_never()) return true;
  if (depth > kMaxDepthOfComparison) return false;
  const uint32_t common = possible_types(document, a) & possible_types(document, b);
  if (common == kNoType) return true;
  const auto values_of_a = listed_values(document, a);
  const auto values_of_b = listed_values(document, b);
  if (values_of_a && values_of_b) {
    return std::none_of(values_of_a->begin(), values_of_a->end(), [&](const Json& value) {
      return std::find(values_of_b->begin(), values_of_b->end(), value) != values_of_b->end();
    });
  }
  return common == kObject && !values_of_a && !values_of_b && never_fits(document, a, b, depth) &&
         never_fits(document, b, a, depth);
}

}  // namespace

uint32_t allowed_types(const SchemaDocument& document, const SchemaConjunction& schemas) {
  const auto typed = schemas.with("type");
  uint32_t types = kAnyType;
  for (const SchemaPart* part : typed) types &= named_types(document, *part);
  const uint32_t limited = limited_types(schemas);
  return typed.empty() && limited != kNoType ? limited : types;
}

std::optional<std::vector<Json>> listed_values(const SchemaDocument& document, const SchemaConjunction& schemas) {
  std::optional<std::vector<Json>> values;
  for (const SchemaPart& part : schemas.parts()) {
    for (const char* keyword : {"const", "enum"}) {
      if (!part.find(keyword)) continue;
      const auto listed = values_of(document, part, keyword);
      if (!values) {
        values = listed;
      } else {
        std::erase_if(*values,
                      [&](const Json& v) { return std::find(listed.begin(), listed.end(), v) == listed.end(); });
      }
    }
  }
  if (!values) return std::nullopt;
  uint32_t types = kAnyType;
  for (const SchemaPart* part : schemas.with("type")) types &= named_types(document, *part);
  std::erase_if(*values, [&](const Json& value) { return (schema_type_of(value) & types) == 0; });
  uint32_t left = kNoType;
  for (const Json& value : *values) left |= schema_type_of(value);
  refuse_other_limits(document, schemas, left);
  return values;
}

bool ObjectMembers::has(const std::string& name) const { return holds(names, name); }
bool ObjectMembers::requires_name(const std::string& name) const { return holds(required, name); }

ObjectMembers object_members(const SchemaDocument& document, const SchemaConjunction& schemas) {
  ObjectMembers members;
  for (const SchemaPart* part : schemas.with("properties")) {
    document.require_object(*part, "properties");
    for (const auto& [name, schema] : part->find("properties")->items()) {
      if (!members.has(name)) members.names.push_back(name);
    }
  }
  for (const SchemaPart* part : schemas.with("required")) {
    document.require_array(*part, "required");
    for (const Json& name : *part->find("required")) {
      if (!name.is_string()) document.refuse(ErrorCode::bad_input, *part, "required", "must hold strings");
      const auto& text = name.get_ref<const std::string&>();
      if (!members.requires_name(text)) members.required.push_back(text);
      if (!members.has(text)) members.names.push_back(text);
    }
  }
  members.is_open =
      schemas.has("additionalProperties") ? !additional_schemas(document, schemas).is_never() : members.names.empty();
  return members;
}

SchemaConjunction property_schemas(const SchemaDocument& document, const SchemaConjunction& schemas,
                                   const std::string& name) {
  SchemaConjunction result;
  for (const SchemaPart& part : schemas.parts()) {
    const Json* properties = part.find("properties");
    if (properties && properties->contains(name)) {
      result.add(document, part.at("properties", name));
    } else if (part.find("additionalProperties")) {
      result.add(document, part.at("additionalProperties"));
    }
  }
  return result;
}

SchemaConjunction additional_schemas(const SchemaDocument& document, const SchemaConjunction& schemas) {
  SchemaConjunction result;
  for (const SchemaPart* part : schemas.with("additionalProperties")) {
    result.add(document, part->at("additionalProperties"));
  }
  return result;
}

bool are_disjoint(const SchemaDocument& document, const SchemaConjunction& a, const SchemaConjunction& b) {
  return are_disjoint_to(document, a, b, 0);
}

}  // namespace adze::text
