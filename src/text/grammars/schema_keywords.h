// The keywords of JSON Schema: one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json.h"

namespace adze::text {

/// Sets of the types that a value may have. A number without a fraction has kInteger alone.
enum SchemaTypes : uint32_t {
  kNoType = 0,
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kString = 16,
  kInteger = 32,
  kFraction = 64,
  kNumber = kInteger | kFraction,
  kAnyType = 127,
};

struct SchemaKeyword {
  enum class Kind : uint8_t {
    note,         // says nothing about what is valid
    structure,    // puts schemas together, or names a type or values
    limit,        // restricts values of `types`
    unsupported,  // cannot be kept
  };
  std::string_view name;
  Kind kind;
  uint32_t types = kNoType;
  std::string_view instead = {};  // of an unsupported one: what to do
};

std::span<const SchemaKeyword> schema_keywords();
/// Null for what is no keyword: by the specification it says nothing.
const SchemaKeyword* find_schema_keyword(std::string_view name);

/// kNoType for a word that is no type.
uint32_t schema_type_named(std::string_view name);
/// The one type of a value; 1.0 is an integer, as in the specification.
uint32_t schema_type_of(const Json& value);

}  // namespace adze::text
