// lint: foreign names: formats
#include "pipeline/target_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "formats/graph_format.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestEnding = 16;

struct Ending {
  std::string_view text;
  std::string_view format;
};
/// Of files that need no more than their name to be read as this format.
constexpr std::array kTensorEndings = {Ending{".gguf", "gguf"}, Ending{".safetensors", "safetensors"}};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_letter_or_digit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// ".dat" of "model.dat"; empty for folders and for names such as "model-1.5B-chat", where a point is no ending's.
std::string ending_of(const std::string& path) {
  std::error_code ignored;
  if (path.ends_with('/') || fs::is_directory(path, ignored)) return {};
  const std::string ending = fs::path(path).extension().string();
  const bool is_ending = ending.size() > 1 && ending.size() <= kLongestEnding && is_letter(ending[1]) &&
                         std::all_of(ending.begin() + 1, ending.end(), is_letter_or_digit);
  return is_ending ? ending : std::string();
}

/// Empty where no format has it.
std::string_view format_with_ending(std::string_view ending) {
  for (const auto& known : kTensorEndings) {
    if (ending == known.text) return known.format;
  }
  for (const auto& format : formats::all_graph_formats()) {
    if (ending == format.extension) return format.name;
  }
  return {};
}

bool is_tensor_format(std::string_view name) {
  return std::ranges::find(kTensorEndings, name, &Ending::format) != kTensorEndings.end();
}

bool is_folder_format(const formats::Format& format) { return format.file_pattern.starts_with("a folder"); }

bool ends_in_word(const std::string& text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  return text.size() == word.size() || !is_letter_or_digit(text[text.size() - word.size() - 1]);
}

/// "model-mlx/" is a folder of MLX and "model-gptq" one of GPTQ. Empty where the name says nothing.
std::string_view folder_named_by(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  for (const auto& format : formats::all_formats()) {
    if (format.write && format.packed_types && is_folder_format(format) && ends_in_word(path, format.name)) {
      return format.name;
    }
  }
  return {};
}

/// Of what can be written, one by one.
template <typename Format>
std::string listed(std::span<const Format> all, std::string_view between, std::string (*text)(const Format&)) {
  std::vector<std::string> texts;
  for (const auto& format : all) {
    if (format.write) texts.push_back(text(format));
  }
  return fmt::format("{}", fmt::join(texts, between));
}

std::string names_of_formats() {
  return listed<formats::Format>(formats::all_formats(), ", ", [](const auto& f) { return std::string(f.name); });
}

std::string endings_of_graphs() {
  return listed<formats::GraphFormat>(formats::all_graph_formats(), " or ",
                                      [](const auto& f) { return std::string(f.extension); });
}

std::string options_for_graphs() {
  return listed<formats::GraphFormat>(formats::all_graph_formats(), " or ",
                                      [](const auto& f) { return fmt::format("--to {}", f.name); });
}

bool writes_graphs(std::string_view name) {
  return std::ranges::any_of(formats::all_graph_formats(),
                             [&](const auto& format) { return format.write && format.name == name; });
}

/// The name says one format and the request another.
std::string contradiction(const std::string& path, std::string_view ending, std::string_view owner,
                          std::string_view asked) {
  if (ending.empty() || owner.empty() || owner == asked) return {};
  return fmt::format("{}: '{}' is the ending of {}, and {} is asked for; choose another name", path, ending, owner,
                     asked);
}

std::string fault_of_name(const std::string& path, const std::string& ending, std::string_view owner) {
  if (ending.empty() || is_tensor_format(owner)) return {};
  if (!owner.empty() && formats::format_named(owner).write) {
    return fmt::format("{}: language models are written as {} into a folder; name one and say --to {}", path, owner,
                       owner);
  }
  if (!folder_named_by(path).empty()) return {};
  return fmt::format("{}: no format that can be written has the ending '{}'; say one with --to: {}", path, ending,
                     names_of_formats());
}

std::string format_named_by(const std::string& path) {
  const auto owner = format_with_ending(ending_of(path));
  if (is_tensor_format(owner)) return std::string(owner);
  const auto folder = folder_named_by(path);
  return folder.empty() ? "hf" : std::string(folder);
}

}  // namespace

std::string target_fault(const std::string& format, const std::string& path) {
  const std::string ending = ending_of(path);
  const auto owner = format_with_ending(ending);
  if (format.empty()) return fault_of_name(path, ending, owner);
  if (owner == format && is_folder_format(formats::format_named(format))) {
    return fmt::format("{}: {} is written into a folder; name one, without '{}'", path, format, ending);
  }
  return contradiction(path, ending, owner, format);
}

std::string graph_target_fault(const std::string& format, const std::string& path) {
  const std::string ending = ending_of(path);
  const auto owner = format_with_ending(ending);
  if (!format.empty() && !is_tensor_format(format) && !writes_graphs(format)) {
    return fmt::format("{}: {} holds language models, and this is a graph; say {}", path, format, options_for_graphs());
  }
  if (!format.empty()) return contradiction(path, ending, owner, format);
  if (!owner.empty()) return {};
  return fmt::format("{}: its name says no format for a graph; end it in {}, or say {}", path, endings_of_graphs(),
                     options_for_graphs());
}

const formats::Format& target_format(const std::string& name, const std::string& path) {
  const auto& format = formats::format_named(name.empty() ? format_named_by(path) : name);
  if (!format.write) fail(ErrorCode::unsupported, "{} can be read, but not written", format.name);
  if (const auto fault = target_fault(name, path); !fault.empty()) fail(ErrorCode::bad_input, "{}", fault);
  return format;
}

}  // namespace adze::pipeline
