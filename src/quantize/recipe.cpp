#include "quantize/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "quantize/asked_types.h"
#include "quantize/quantizer.h"

namespace adze::quantize {
namespace {

constexpr int kVersion = 1;
constexpr std::string_view kAllTensors = "*";

RecipeLine parse_line(const Json& line, size_t number, const std::string& source) {
  const std::string where = fmt::format("{}: line {} of \"tensors\"", source, number);
  if (!line.is_object()) fail(ErrorCode::bad_input, "{} must be {{\"name\": …, \"type\": …}}", where);
  const auto name = json_value(line, "name", std::string(), where);
  const auto type = json_value(line, "type", std::string(), where);
  if (name.empty() || type.empty()) fail(ErrorCode::bad_input, "{} needs \"name\" and \"type\"", where);
  const codecs::Codec* codec = with_context(where, [&] { return &codecs::require_codec(type); });
  if (!codec->encode) fail(ErrorCode::bad_input, "{}: {} can be read, but not written", where, codec->info.name);
  return {name, &codec->info};
}

// The text of a name in a regular expression.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view(".^$|()[]{}*+?\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

// "blk.12.attn_q.weight" -> ("blk.", "12", ".attn_q.weight"); no number: all in the first part.
struct NameParts {
  std::string_view before, layer, behind;
};
NameParts split_layer(std::string_view name) {
  const size_t begin = name.find("blk.");
  if (begin == std::string_view::npos) return {name, {}, {}};
  const size_t digits = begin + 4;
  const size_t end = name.find_first_not_of("0123456789", digits);
  if (end == digits || end == std::string_view::npos) return {name, {}, {}};
  return {name.substr(0, digits), name.substr(digits, end - digits), name.substr(end)};
}

}  // namespace

std::vector<RecipeTransform> parse_transforms(const Json& json, const std::string& source) {
  std::vector<RecipeTransform> transforms;
  const auto list = json.find("transforms");
  if (list == json.end()) return transforms;
  if (!list->is_array()) fail(ErrorCode::bad_input, "{}: \"transforms\" is not a list", source);
  for (const Json& entry : *list) {
    const std::string where = fmt::format("{}: transform {}", source, transforms.size() + 1);
    if (!entry.is_object()) fail(ErrorCode::bad_input, "{} must be {{\"name\": …, \"set\": […]}}", where);
    RecipeTransform transform{json_value(entry, "name", std::string(), where)};
    if (transform.name.empty()) fail(ErrorCode::bad_input, "{} needs a \"name\"", where);
    transform.settings = json_value(entry, "set", transform.settings, where);
    transforms.push_back(std::move(transform));
  }
  return transforms;
}

Recipe parse_recipe(std::string_view text, const std::string& source) {
  const Json json = parse_json(text, source);
  if (!json.is_object() || json_value(json, "adze_recipe", 0, source) != kVersion) {
    fail(ErrorCode::bad_input, "{} is not a recipe: it has no \"adze_recipe\": {}", source, kVersion);
  }
  Recipe recipe;
  recipe.note = json_value(json, "note", std::string(), source);
  recipe.quantizer = json_value(json, "quantizer", recipe.quantizer, source);
  if (!recipe.quantizer.empty()) with_context(source, [&] { quantizer_named(recipe.quantizer); });
  recipe.transforms = parse_transforms(json, source);
  const auto lines = json.find("tensors");
  if (lines == json.end() || !lines->is_array()) fail(ErrorCode::bad_input, "{}: \"tensors\" is not a list", source);
  for (const Json& line : *lines) recipe.lines.push_back(parse_line(line, recipe.lines.size() + 1, source));
  return recipe;
}

Recipe read_recipe(const std::string& path) { return parse_recipe(read_text_file(path), path); }

std::string to_json(const Recipe& recipe) {
  Json json = {{"adze_recipe", kVersion}, {"note", recipe.note}, {"quantizer", recipe.quantizer}};
  for (const auto& transform : recipe.transforms) {
    json["transforms"].push_back({{"name", transform.name}, {"set", transform.settings}});
  }
  std::string text = json.dump(2);
  text.resize(text.size() - 2);  // without "\n}"
  text += ",\n  \"tensors\": [";
  for (size_t i = 0; i < recipe.lines.size(); ++i) {
    const Json line = {{"name", recipe.lines[i].name}, {"type", recipe.lines[i].storage->name}};
    text += fmt::format("{}\n    {}", i ? "," : "", line.dump());
  }
  return text + "\n  ]\n}\n";
}

bool matches(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;  // the last one met
  size_t tried = 0;                      // what it stands for ends here
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

bool has_output(const MixRequest& request) {
  return std::ranges::any_of(request.tensors,
                             [](const auto& tensor) { return category_of(tensor.name) == TensorCategory::output; });
}

/// Of one tensor after another.
class RecipeChooser {
 public:
  RecipeChooser(const Recipe& recipe, const MixRequest& request, const TypeOverrides& overrides)
      : recipe_(recipe),
        architecture_(request.architecture),
        asked_(overrides),
        of_logits_(has_output(request) ? nullptr : overrides.output),
        used_(recipe.lines.size(), false) {}

  TensorChoice choose(const TensorToStore& tensor) {
    const size_t line = line_for(tensor.name);
    const auto kept = reason_to_keep(tensor.name, tensor.shape, architecture_);
    if (!kept.empty()) return {tensor.storage, std::string(kept)};
    if (asked_.keeps(tensor.name)) return {tensor.storage, "kept: as asked for"};
    if (const auto* codec = asked_for(tensor.name)) return checked(tensor, {&codec->info, "as asked for"});
    if (line == recipe_.lines.size()) return {tensor.storage, "the recipe has no line for it"};
    const StorageType type = recipe_.lines[line].storage;
    if (recipe_.lines[line].name == kAllTensors && !fits_blocks(*type, tensor.shape.row_length())) {
      return {tensor.storage, fmt::format("its rows do not divide into blocks of {}", type->block_elements), type};
    }
    return checked(tensor, {type, fmt::format("line {} of the recipe", line + 1)});
  }

  void check_all_used() const {
    for (size_t line = 0; line < used_.size(); ++line) {
      const std::string& name = recipe_.lines[line].name;
      if (used_[line] || name == kAllTensors) continue;
      fail(ErrorCode::bad_input,
           "line {} of the recipe: no tensor of the model matches '{}' behind the lines before it", line + 1, name);
    }
  }

 private:
  /// The first that matches, or the number of lines.
  size_t line_for(const std::string& name) {
    size_t line = 0;
    while (line < recipe_.lines.size() && !matches(recipe_.lines[line].name, name)) ++line;
    if (line < recipe_.lines.size()) used_[line] = true;
    return line;
  }

  const codecs::Codec* asked_for(const std::string& name) const {
    if (const auto* codec = asked_.of_ends(name)) return codec;
    if (const auto* codec = asked_.of_pattern(name)) return codec;
    return category_of(name) == TensorCategory::token_embedding ? of_logits_ : nullptr;
  }

  static TensorChoice checked(const TensorToStore& tensor, TensorChoice choice) {
    if (fits_blocks(*choice.storage, tensor.shape.row_length())) return choice;
    fail(ErrorCode::bad_input, "{}: rows of '{}' have {} numbers, {} needs a multiple of {}", choice.reason,
         tensor.name, tensor.shape.row_length(), choice.storage->name, choice.storage->block_elements);
  }

  const Recipe& recipe_;
  const std::string architecture_;
  const AskedTypes asked_;
  const codecs::Codec* of_logits_;  // asked for where the embedding produces them
  std::vector<bool> used_;          // lines
};

}  // namespace

std::vector<TensorChoice> choose_tensor_types(const Recipe& recipe, const MixRequest& request,
                                              const TypeOverrides& overrides) {
  RecipeChooser chooser(recipe, request, overrides);
  std::vector<TensorChoice> choices;
  for (const TensorToStore& tensor : request.tensors) choices.push_back(chooser.choose(tensor));
  chooser.check_all_used();
  return choices;
}

Recipe recipe_of(const std::vector<TensorToStore>& tensors, const std::vector<StorageType>& types,
                 std::string_view quantizer, std::string note) {
  Recipe recipe{.note = std::move(note), .quantizer = std::string(quantizer), .lines = {}};
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (types[i] != tensors[i].storage) recipe.lines.push_back({tensors[i].name, types[i]});
  }
  return recipe;
}

std::vector<std::string> llama_cpp_options(const std::vector<TensorToStore>& tensors,
                                           const std::vector<StorageType>& types) {
  using MergeKey = std::tuple<std::string_view, std::string_view, std::string_view>;  // before, behind, type
  std::map<MergeKey, size_t> places;
  std::vector<std::pair<MergeKey, std::string>> merged;  // layers, in the order of first use
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (types[i] == tensors[i].storage) continue;
    const NameParts parts = split_layer(tensors[i].name);
    const MergeKey key(parts.before, parts.behind, types[i]->name);
    const auto [place, is_new] = places.emplace(key, merged.size());
    if (is_new) merged.emplace_back(key, "");
    auto& layers = merged[place->second].second;
    if (!parts.layer.empty()) layers += fmt::format("{}{}", layers.empty() ? "" : "|", parts.layer);
  }
  std::vector<std::string> options;
  for (const auto& [key, layers] : merged) {
    const auto& [before, behind, type] = key;
    const std::string number = layers.empty() ? "" : fmt::format("({})", layers);
    options.push_back(fmt::format("--tensor-type '^{}{}{}$={}'", escaped(before), number, escaped(behind), type));
  }
  return options;
}

}  // namespace adze::quantize
