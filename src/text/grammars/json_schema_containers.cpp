// Objects and arrays of a schema.
#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "text/grammars/json_schema_compiler.h"

namespace adze::text {
namespace {

constexpr size_t kMaxNameCharacters = 200;  // beside additional properties

}  // namespace

ExpressionId JsonSchemaCompiler::write_object(const SchemaConjunction& schemas) {
  const ObjectMembers members = object_members(document_, schemas);
  std::vector<ExpressionId> written;
  std::vector<bool> is_required;
  for (const std::string& name : members.names) {
    const auto key = grammar_.text(Json(name).dump());
    written.push_back(json_.member(key, value_of(property_schemas(document_, schemas, name))));
    is_required.push_back(members.requires_name(name));
  }
  const Counts others = counts_of_others(schemas, members);
  const auto other = others.max > 0 ? additional_member(schemas, members) : grammar_.never();
  return json_.bracketed("{", write_members(written, is_required, other, others), "}");
}

// How many members that are not declared there may be. Which of the declared ones are there is not counted.
JsonSchemaCompiler::Counts JsonSchemaCompiler::counts_of_others(const SchemaConjunction& schemas,
                                                                const ObjectMembers& members) const {
  const Counts asked = counts(schemas, "minProperties", "maxProperties");
  if (asked.min > members.required.size()) {
    document_.refuse(ErrorCode::unsupported, *schemas.with("minProperties").front(), "minProperties",
                     "more than are required; list them in required");
  }
  if (asked.max < members.names.size()) {
    document_.refuse(ErrorCode::unsupported, *schemas.with("maxProperties").front(), "maxProperties",
                     "fewer than there are properties; list the forms with anyOf");
  }
  if (!members.is_open) return {0, 0};
  return {0, asked.max == kUnbounded ? kUnbounded : asked.max - static_cast<uint32_t>(members.names.size())};
}

ExpressionId JsonSchemaCompiler::additional_member(const SchemaConjunction& schemas, const ObjectMembers& members) {
  std::vector<std::u32string> names;
  for (const std::string& name : members.names) {
    names.push_back(utf8_to_code_points(name));
    if (names.back().size() > kMaxNameCharacters) {
      document_.refuse(ErrorCode::unsupported, schemas.parts().front(), "properties",
                       "a name of more than {} characters beside additionalProperties", kMaxNameCharacters);
    }
  }
  const auto value = value_of(additional_schemas(document_, schemas));
  return json_.member(names.empty() ? json_.any_string() : json_.string_except(std::move(names)), value);
}

// In the order in which they are declared; others at the end. What comes behind the first member is one rule per
// member, so that the grammar grows with their number and not with its square.
ExpressionId JsonSchemaCompiler::write_members(const std::vector<ExpressionId>& members,
                                               const std::vector<bool>& is_required, ExpressionId others,
                                               const Counts& other_counts) {
  const uint32_t more =
      other_counts.max == kUnbounded || other_counts.max == 0 ? other_counts.max : other_counts.max - 1;
  // `behind`: all from here on, with something in front of it; `first`: with nothing.
  RuleId behind = grammar_.add_rule("more-members");
  grammar_.define(behind, grammar_.repeat(json_.behind_comma(others), 0, other_counts.max));
  auto first = grammar_.optional(grammar_.sequence({others, grammar_.repeat(json_.behind_comma(others), 0, more)}));
  for (size_t i = members.size(); i-- > 0;) {
    const RuleId member = grammar_.add_rule("member");
    grammar_.define(member, members[i]);
    const auto part = grammar_.reference(member);
    const auto as_first = grammar_.sequence({part, grammar_.reference(behind)});
    const RuleId rest = grammar_.add_rule("rest");
    const auto next = json_.behind_comma(part);
    grammar_.define(rest,
                    grammar_.sequence({is_required[i] ? next : grammar_.optional(next), grammar_.reference(behind)}));
    const RuleId rest_as_first = grammar_.add_rule("first");
    grammar_.define(rest_as_first, is_required[i] ? as_first : grammar_.choice({as_first, first}));
    first = grammar_.reference(rest_as_first);
    behind = rest;
  }
  return first;
}

void JsonSchemaCompiler::refuse_unique_items(const SchemaConjunction& schemas) const {
  for (const SchemaPart* part : schemas.with("uniqueItems")) {
    if (*part->find("uniqueItems") == Json(false)) continue;
    document_.refuse(ErrorCode::unsupported, *part, "uniqueItems",
                     "a grammar does not remember what came before; leave it out, or list the forms with enum");
  }
}

SchemaConjunction JsonSchemaCompiler::item_schemas(const SchemaConjunction& schemas, size_t index) const {
  SchemaConjunction result;
  for (const SchemaPart& part : schemas.parts()) {
    const Json* prefix = part.find("prefixItems");
    if (prefix && index < prefix->size()) {
      result.add(document_, part.at("prefixItems", index));
    } else if (part.find("items")) {
      result.add(document_, part.at("items"));
    }
  }
  return result;
}

// Where `items` says nothing, only what `prefixItems` lists is written, if there is such a list.
ExpressionId JsonSchemaCompiler::write_array(const SchemaConjunction& schemas) {
  refuse_unique_items(schemas);
  size_t listed = 0;
  for (const SchemaPart* part : schemas.with("prefixItems")) {
    document_.require_array(*part, "prefixItems");
    listed = std::max(listed, part->find("prefixItems")->size());
  }
  for (const SchemaPart* part : schemas.with("items")) {
    if (part->find("items")->is_array()) {
      document_.refuse(ErrorCode::unsupported, *part, "items", "a list of schemas is called prefixItems");
    }
  }
  const Counts asked = counts(schemas, "minItems", "maxItems");
  if (asked.max < asked.min) return grammar_.never();
  const bool is_open = listed == 0 || schemas.has("items") || asked.min > listed;
  listed = std::min<size_t>(listed, asked.max);
  // From the last to the first: the rest is there only when what is in front of it is.
  std::optional<ExpressionId> tail;
  const auto add_in_front = [&](ExpressionId item, size_t index) {
    const auto part = index == 0 ? item : json_.behind_comma(item);
    const auto all = tail ? grammar_.sequence({part, *tail}) : part;
    tail = index < asked.min ? all : grammar_.optional(all);
  };
  if (is_open) {
    const auto item = value_of(item_schemas(schemas, listed));
    const auto count = [&](uint32_t all, size_t less) {
      return all == kUnbounded ? all : static_cast<uint32_t>(all - std::min<size_t>(all, less));
    };
    const size_t before = std::max<size_t>(listed, 1);
    tail = grammar_.repeat(json_.behind_comma(item), count(asked.min, before), count(asked.max, before));
    if (listed == 0 && asked.max > 0) add_in_front(item, 0);
    if (listed == 0 && asked.max == 0) tail = grammar_.nothing();
  }
  for (size_t i = listed; i-- > 0;) add_in_front(value_of(item_schemas(schemas, i)), i);
  return json_.bracketed("[", tail.value_or(grammar_.nothing()), "]");
}

}  // namespace adze::text
