#include "graph/value_type.h"

#include <fmt/format.h>

namespace adze::graph {
namespace {

std::string dims_text(const ValueType& type, std::span<const Symbol> symbols) {
  if (!type.rank_known) return "[...]";
  std::string text = "[";
  for (const Dim& dim : type.dims) {
    if (text.size() > 1) text += ", ";
    text += to_string(dim, symbols);
  }
  return text + "]";
}

std::string storage_text(StorageType storage) { return storage ? std::string(storage->name) : "?"; }

std::string type_text(const ValueType* type, std::span<const Symbol> symbols, int depth) {
  if (!type || depth > kMaxTypeDepth) return "";
  const auto element = [&] { return fmt::format("<{}>", type_text(type->element.get(), symbols, depth + 1)); };
  switch (type->kind) {
    case ValueKind::tensor:
      return storage_text(type->storage) + dims_text(*type, symbols);
    case ValueKind::state:
      return "state " + storage_text(type->storage) + dims_text(*type, symbols);
    case ValueKind::batch:
      return type->dims.empty() && type->rank_known ? "batch" : "batch" + dims_text(*type, symbols);
    case ValueKind::effect:
      return "effect";
    case ValueKind::sequence:
      return "sequence" + element();
    case ValueKind::optional:
      return "optional" + element();
    case ValueKind::string:
      return "string" + dims_text(*type, symbols);
  }
  return "";
}

bool dims_agree(const ValueType& a, const ValueType& b, bool same_symbols) {
  if (!a.rank_known || !b.rank_known) return true;
  if (a.dims.size() != b.dims.size()) return false;
  for (size_t i = 0; i < a.dims.size(); ++i) {
    const bool comparable = same_symbols || (a.dims[i].is_constant() && b.dims[i].is_constant());
    if (comparable && !a.dims[i].may_equal(b.dims[i])) return false;
  }
  return true;
}

bool agree(const ValueType* a, const ValueType* b, bool same_symbols, int depth) {
  if (!a || !b || depth > kMaxTypeDepth) return true;
  if (a->kind != b->kind) return false;
  if (a->storage && b->storage && a->storage != b->storage) return false;
  return dims_agree(*a, *b, same_symbols) && agree(a->element.get(), b->element.get(), same_symbols, depth + 1);
}

}  // namespace

std::string to_string(const ValueType& type, std::span<const Symbol> symbols) { return type_text(&type, symbols, 0); }

bool types_agree(const ValueType& a, const ValueType& b, bool same_symbols) { return agree(&a, &b, same_symbols, 0); }

}  // namespace adze::graph
