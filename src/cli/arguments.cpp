#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "cli/hub_settings.h"
#include "cli/suggest.h"

namespace adze::cli {
namespace {

constexpr int kMostWords = 1 << 16;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// "-n,--max-tokens" -> "-n, --max-tokens"; a long name alone is indented so that long names line up.
std::string flags_for_help(std::string_view flags) {
  const auto comma = flags.find(',');
  if (comma == std::string_view::npos) return (flags.starts_with("--") ? "    " : "") + std::string(flags);
  return fmt::format("{}, {}", flags.substr(0, comma), flags.substr(comma + 1));
}

// The name by which messages call an option: the long one.
std::string name_of(const OptionText& text) { return std::string(text.flags.substr(text.flags.rfind(',') + 1)); }

std::string range_text(IntegerRange range) {
  const bool bounded = range.maximum != std::numeric_limits<int64_t>::max();
  return bounded ? fmt::format("from {} to {}", range.minimum, range.maximum)
                 : fmt::format("at least {}", range.minimum);
}

int64_t parse_integer(const std::string& name, std::string_view word, IntegerRange range) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) {
    throw UsageError(fmt::format("{}: '{}' is not a whole number", name, word));
  }
  if (value < range.minimum || value > range.maximum) {
    throw UsageError(fmt::format("{}: {} is out of range; it must be {}", name, value, range_text(range)));
  }
  return value;
}

std::vector<int64_t> parse_integers(const std::string& name, std::string_view list, IntegerRange range) {
  std::vector<int64_t> values;
  while (true) {
    const auto comma = list.find(',');
    values.push_back(parse_integer(name, list.substr(0, comma), range));
    if (comma == std::string_view::npos) return values;
    list.remove_prefix(comma + 1);
  }
}

std::string joined(const std::vector<int64_t>& values) { return fmt::format("{}", fmt::join(values, ",")); }

}  // namespace

double parse_number(const std::string& name, const std::string& word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
    throw UsageError(fmt::format("{}: '{}' is not a number", name, word));
  }
  return value;
}

void GivenOptions::require_among(std::span<const std::string_view> with_effect, std::string_view on) const {
  for (const std::string& name : names_) {
    if (std::ranges::find(with_effect, name) != with_effect.end()) continue;
    throw UsageError(fmt::format("{} has no effect on {}; only {} have", name, on, fmt::join(with_effect, ", ")));
  }
}

struct Arguments::Parser {
  CLI::App app;
  bool json = false;
};

Arguments::Arguments(std::vector<std::string> words) : words_(std::move(words)), parser_(std::make_unique<Parser>()) {
  parser_->app.set_help_flag();  // parse() looks for it itself, so that it wins over missing arguments
}

Arguments::~Arguments() = default;

void Arguments::describe(const OptionText& text, const std::string& default_text) {
  std::string help(text.help);
  if (!default_text.empty()) help += fmt::format(" [default: {}]", default_text);
  described_.push_back({flags_for_help(text.flags), std::string(text.value), help, section_});
}

void Arguments::add_option(const OptionText& text, const std::string& default_text, Take take, bool repeatable) {
  describe(text, default_text);
  auto* option = parser_->app.add_option_function<std::vector<std::string>>(
      std::string(text.flags), [take = std::move(take)](const std::vector<std::string>& words) {
        for (const auto& word : words) take(word);
      });
  option->expected(1)->allow_extra_args(false);
  option->multi_option_policy(repeatable ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
}

void Arguments::required(std::string_view name, std::string_view help, std::string& value) {
  described_.push_back({std::string(name), "", std::string(help), "", true, true});
  parser_->app.add_option(std::string(name), value)->required();
}

void Arguments::required(std::string_view name, std::string_view help, std::vector<std::string>& values, int fewest) {
  described_.push_back({std::string(name), "", std::string(help), "", true, true});
  parser_->app.add_option(std::string(name), values)->required()->expected(fewest, kMostWords);
}

void Arguments::optional(std::string_view name, std::string_view help, std::optional<std::string>& value) {
  described_.push_back({std::string(name), "", std::string(help), "", true, false});
  parser_->app.add_option_function<std::string>(std::string(name), [&value](const std::string& word) { value = word; });
}

void Arguments::optional(std::string_view name, std::string_view help, std::vector<std::string>& values) {
  described_.push_back({std::string(name), "", std::string(help), "", true, false});
  parser_->app.add_option(std::string(name), values)->expected(0, kMostWords);
}

void Arguments::flag(std::string_view flags, std::string_view help, bool& value) {
  describe({flags, "", help}, "");
  parser_->app.add_flag_function(std::string(flags), [&value](int64_t) { value = true; });
}

void Arguments::option(const OptionText& text, std::string& value) {
  add_option(text, value, [&value](const std::string& word) { value = word; });
}

void Arguments::option(const OptionText& text, std::optional<std::string>& value) {
  add_option(text, value.value_or(""), [&value](const std::string& word) { value = word; });
}

void Arguments::option(const OptionText& text, int64_t& value, IntegerRange range) {
  add_option(text, fmt::format("{}", value), [&value, range, name = name_of(text)](const std::string& word) {
    value = parse_integer(name, word, range);
  });
}

void Arguments::option(const OptionText& text, std::optional<int64_t>& value, IntegerRange range) {
  add_option(
      text, value ? fmt::format("{}", *value) : "",
      [&value, range, name = name_of(text)](const std::string& word) { value = parse_integer(name, word, range); });
}

void Arguments::option(const OptionText& text, double& value) {
  add_option(text, fmt::format("{}", value),
             [&value, name = name_of(text)](const std::string& word) { value = parse_number(name, word); });
}

void Arguments::option(const OptionText& text, std::optional<double>& value) {
  add_option(text, value ? fmt::format("{}", *value) : "",
             [&value, name = name_of(text)](const std::string& word) { value = parse_number(name, word); });
}

void Arguments::option(const OptionText& text, std::vector<int64_t>& values, IntegerRange range) {
  add_option(text, joined(values), [&values, range, name = name_of(text)](const std::string& word) {
    values = parse_integers(name, word, range);
  });
}

void Arguments::option(const OptionText& text, std::vector<std::string>& values) {
  add_option(text, "", [&values](const std::string& word) { values.push_back(word); }, true);
}

void Arguments::choice(const OptionText& text, std::span<const std::string> allowed, std::string& value) {
  add_option(
      text, value,
      [&value, name = name_of(text), words = std::vector(allowed.begin(), allowed.end())](const std::string& word) {
        for (const auto& candidate : words) {
          if (lower(candidate) != lower(word)) continue;
          value = candidate;
          return;
        }
        throw UsageError(fmt::format("{}: '{}' is not one of {}{}", name, word, fmt::join(words, ", "),
                                     suggestion_for(lower(word), words)));
      });
}

void Arguments::json_flag(bool& value) { flag("--json", "report as JSON on the standard output", value); }

void Arguments::fail_unexpected(const std::string& word) const {
  if (!word.starts_with("-") || word == "-") throw UsageError(fmt::format("unexpected argument '{}'", word));
  std::vector<std::string> names;
  for (const CLI::Option* option : parser_->app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  throw UsageError(fmt::format("unknown option '{}'{}", word, suggestion_for(word.substr(0, word.find('=')), names)));
}

void Arguments::refuse_remaining() const {
  for (const auto& word : parser_->app.remaining()) {
    if (word != "--") fail_unexpected(word);  // the mark before words that are no options is no word itself
  }
}

void Arguments::parse() {
  for (const auto& word : words_) {
    if (word == "--") break;
    if (word == "-h" || word == "--help") throw HelpWanted{};
  }
  std::vector<std::string> reversed(words_.rbegin(), words_.rend());  // the order that CLI11 wants
  try {
    parser_->app.allow_extras();
    parser_->app.parse(std::move(reversed));
  } catch (const CLI::RequiredError&) {
    refuse_remaining();
    for (const auto& described : described_) {
      if (described.is_required && !parser_->app.get_option(described.flags)->count()) {
        throw UsageError(fmt::format("{} is missing", described.flags));
      }
    }
    throw;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  refuse_remaining();
  if (given_) given_->names_ = given_names();
  resolve_models();
}

std::vector<std::string> Arguments::given_names() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : parser_->app.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) names.push_back("--" + option->get_lnames().front());
  }
  return names;
}

void Arguments::resolve_models() const {
  for (auto* model : models_) *model = model_path_of(*model);
  for (auto* model : optional_models_) {
    if (*model) **model = model_path_of(**model);
  }
  for (auto* list : model_lists_) {
    for (auto& model : *list) model = model_path_of(model);
  }
}

}  // namespace adze::cli
