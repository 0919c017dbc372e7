#include "text/grammars/schema_conjunction.h"

#include <algorithm>
#include <utility>

namespace adze::text {
namespace {

constexpr size_t kMaxPath = 200;
constexpr int64_t kMaxCount = 100'000'000;

// As RFC 6901 spells a name in a pointer.
std::string escaped(const std::string& name) {
  std::string out;
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

int hexadecimal_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// A fragment of a URI without its %XX.
std::string unescaped(const std::string& fragment) {
  std::string out;
  for (size_t i = 0; i < fragment.size(); ++i) {
    const bool has_digits = fragment[i] == '%' && i + 2 < fragment.size() && hexadecimal_value(fragment[i + 1]) >= 0 &&
                            hexadecimal_value(fragment[i + 2]) >= 0;
    if (has_digits) {
      out += static_cast<char>(16 * hexadecimal_value(fragment[i + 1]) + hexadecimal_value(fragment[i + 2]));
      i += 2;
    } else {
      out += fragment[i];
    }
  }
  return out;
}

}  // namespace

SchemaPart SchemaPart::at(const std::string& keyword) const {
  return {&schema->at(keyword), pointer + "/" + escaped(keyword)};
}

SchemaPart SchemaPart::at(const std::string& keyword, const std::string& name) const {
  return {&schema->at(keyword).at(name), pointer + "/" + escaped(keyword) + "/" + escaped(name)};
}

SchemaPart SchemaPart::at(const std::string& keyword, size_t index) const {
  return {&schema->at(keyword).at(index), pointer + "/" + escaped(keyword) + "/" + std::to_string(index)};
}

const Json* SchemaPart::find(const std::string& keyword) const {
  const auto found = schema->find(keyword);
  return found == schema->end() ? nullptr : &*found;
}

SchemaPart SchemaDocument::resolve(const SchemaPart& part) const {
  const std::string& reference = string_at(part, "$ref");
  if (!reference.starts_with("#") || (reference.size() > 1 && reference[1] != '/')) {
    refuse(ErrorCode::unsupported, part, "$ref", "'{}' is no pointer into this document; only #/... is supported",
           reference);
  }
  try {
    const Json::json_pointer pointer(unescaped(reference.substr(1)));
    return {&root_.at(pointer), reference};
  } catch (const Json::exception&) {
    refuse(ErrorCode::not_found, part, "$ref", "there is no '{}'", reference);
  }
}

void SchemaDocument::require_array(const SchemaPart& part, const std::string& keyword) const {
  if (!part.find(keyword)->is_array()) refuse(ErrorCode::bad_input, part, keyword, "must be an array");
}

void SchemaDocument::require_object(const SchemaPart& part, const std::string& keyword) const {
  if (!part.find(keyword)->is_object()) refuse(ErrorCode::bad_input, part, keyword, "must be an object");
}

const std::string& SchemaDocument::string_at(const SchemaPart& part, const std::string& keyword) const {
  const Json* value = part.find(keyword);
  if (!value->is_string()) refuse(ErrorCode::bad_input, part, keyword, "must be a string");
  return value->get_ref<const std::string&>();
}

uint32_t SchemaDocument::count_at(const SchemaPart& part, const std::string& keyword) const {
  const Json& value = *part.find(keyword);
  const bool is_whole = value.is_number() && schema_type_of(value) == kInteger;
  const double number = is_whole ? value.get<double>() : -1;
  if (number < 0) refuse(ErrorCode::bad_input, part, keyword, "must be a whole number from 0 on");
  return static_cast<uint32_t>(std::min<double>(number, kMaxCount));
}

void SchemaConjunction::add(const SchemaDocument& document, const SchemaPart& part) {
  std::vector<const Json*> path;
  add_below(document, part, path);
}

void SchemaConjunction::add_below(const SchemaDocument& document, const SchemaPart& part,
                                  std::vector<const Json*>& path) {
  const Json& schema = *part.schema;
  if (schema.is_boolean()) {
    is_never_ = is_never_ || !schema.get<bool>();
    return;
  }
  if (!schema.is_object()) document.refuse(ErrorCode::bad_input, part, "", "a schema must be an object or a boolean");
  if (std::count(path.begin(), path.end(), &schema) > 0 || path.size() >= kMaxPath) {
    document.refuse(ErrorCode::bad_input, part, "", "the schema refers to itself before it says anything");
  }
  const auto is_same = [&](const SchemaPart& other) { return other.schema == &schema; };
  if (std::any_of(parts_.begin(), parts_.end(), is_same)) {
    const auto was_taken = [&](const char* keyword) {
      return part.find(keyword) && taken_.contains(part.find(keyword));
    };
    if (!was_taken("anyOf") && !was_taken("oneOf")) return;
    document.refuse(ErrorCode::unsupported, part, "", "an alternative refers to the schema that it is one of");
  }
  check_keywords(document, part);
  parts_.push_back(part);
  path.push_back(&schema);
  if (part.find("$ref")) add_below(document, document.resolve(part), path);
  if (const Json* all = part.find("allOf")) {
    document.require_array(part, "allOf");
    for (size_t i = 0; i < all->size(); ++i) add_below(document, part.at("allOf", i), path);
  }
  path.pop_back();
}

void SchemaConjunction::check_keywords(const SchemaDocument& document, const SchemaPart& part) const {
  for (const auto& [name, value] : part.schema->items()) {
    const SchemaKeyword* keyword = find_schema_keyword(name);
    if (keyword && keyword->kind == SchemaKeyword::Kind::unsupported) {
      document.refuse(ErrorCode::unsupported, part, name, "this keyword is not supported; {}", keyword->instead);
    }
  }
}

std::vector<const SchemaPart*> SchemaConjunction::with(const std::string& keyword) const {
  std::vector<const SchemaPart*> found;
  for (const SchemaPart& part : parts_) {
    if (part.find(keyword)) found.push_back(&part);
  }
  return found;
}

SchemaPart SchemaConjunction::first_choice(std::string& keyword) const {
  for (const SchemaPart& part : parts_) {
    for (const char* name : {"anyOf", "oneOf"}) {
      const Json* list = part.find(name);
      if (!list || taken_.contains(list)) continue;
      keyword = name;
      return part;
    }
  }
  return {};
}

SchemaConjunction SchemaConjunction::taking(const SchemaDocument& document, const SchemaPart& choice,
                                            const std::string& keyword, size_t alternative) const {
  SchemaConjunction result = *this;
  result.taken_.insert(choice.find(keyword));
  result.add(document, choice.at(keyword, alternative));
  return result;
}

std::vector<const Json*> SchemaConjunction::key() const {
  std::vector<const Json*> key;
  for (const SchemaPart& part : parts_) key.push_back(part.schema);
  std::sort(key.begin(), key.end());
  key.push_back(nullptr);
  key.insert(key.end(), taken_.begin(), taken_.end());
  if (is_never_) key.assign(2, nullptr);  // of nothing at all it is one
  return key;
}

}  // namespace adze::text
