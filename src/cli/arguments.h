// The command line of one verb: what it takes, in words for --help, and where the values go.
//
// The seam around the parsing library: arguments.cpp alone includes it.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace adze::cli {

/// The command line makes no sense: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by parse() for --help, when everything has been declared.
struct HelpWanted {};

/// How an option looks in --help: `flags` "-n,--max-tokens", `value` "N" (empty for a flag), one sentence.
struct OptionText {
  std::string_view flags;
  std::string_view value;
  std::string_view help;
};

struct IntegerRange {
  int64_t minimum = std::numeric_limits<int64_t>::min();
  int64_t maximum = std::numeric_limits<int64_t>::max();
};
inline IntegerRange at_least(int64_t minimum) { return {minimum, std::numeric_limits<int64_t>::max()}; }

/// One line of --help.
struct DescribedOption {
  std::string flags;    // "-n, --max-tokens", or the name of a positional argument
  std::string value;    // "N"
  std::string help;     // with the default
  std::string section;  // heading; empty: none
  bool is_positional = false;
  bool is_required = false;
};

/// Throws UsageError naming `option` for what is no finite number.
double parse_number(const std::string& option, const std::string& word);

/// Which options a command line gave, by their long names.
class GivenOptions {
 public:
  /// UsageError for an option that is not among those that have an effect `on` "models of graph formats".
  void require_among(std::span<const std::string_view> with_effect, std::string_view on) const;

 private:
  friend class Arguments;
  std::vector<std::string> names_;
};

class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  // Declaring. The values that are bound must live until parse() has returned; what they hold is the default.

  /// Options that follow are listed under this heading.
  void section(std::string_view title) { section_ = title; }
  void required(std::string_view name, std::string_view help, std::string& value);
  /// At least `fewest` of them.
  void required(std::string_view name, std::string_view help, std::vector<std::string>& values, int fewest);
  void optional(std::string_view name, std::string_view help, std::optional<std::string>& value);
  void optional(std::string_view name, std::string_view help, std::vector<std::string>& values);
  void flag(std::string_view flags, std::string_view help, bool& value);
  void option(const OptionText& text, std::string& value);
  void option(const OptionText& text, std::optional<std::string>& value);
  void option(const OptionText& text, int64_t& value, IntegerRange range = {});
  void option(const OptionText& text, std::optional<int64_t>& value, IntegerRange range = {});
  void option(const OptionText& text, double& value);
  void option(const OptionText& text, std::optional<double>& value);
  /// Comma-separated.
  void option(const OptionText& text, std::vector<int64_t>& values, IntegerRange range = {});
  /// May be given several times.
  void option(const OptionText& text, std::vector<std::string>& values);
  /// One of a few words; letter case does not matter and `value` gets the spelling of `allowed`.
  void choice(const OptionText& text, std::span<const std::string> allowed, std::string& value);
  /// The same `--json` for every verb that reports.
  void json_flag(bool& value);

  /// For verbs whose options depend on what the model is: parse() notes in it what it was given.
  void note_given(GivenOptions& given) { given_ = &given; }

  /// What parse() fills in here may be the name of a model, "hf:owner/repo", and becomes its path.
  void takes_model(std::string& value) { models_.push_back(&value); }
  void takes_model(std::optional<std::string>& value) { optional_models_.push_back(&value); }
  void takes_models(std::vector<std::string>& values) { model_lists_.push_back(&values); }

  /// Fills the bound values. Throws UsageError, HelpWanted, and Error for names of models that are not there.
  void parse();

  std::span<const DescribedOption> described() const { return described_; }

 private:
  struct Parser;
  using Take = std::function<void(const std::string& word)>;
  void add_option(const OptionText& text, const std::string& default_text, Take take, bool repeatable = false);
  void describe(const OptionText& text, const std::string& default_text);
  void refuse_remaining() const;
  void resolve_models() const;
  std::vector<std::string> given_names() const;
  [[noreturn]] void fail_unexpected(const std::string& word) const;

  std::vector<std::string> words_;
  std::unique_ptr<Parser> parser_;
  std::vector<DescribedOption> described_;
  std::string section_;
  GivenOptions* given_ = nullptr;
  std::vector<std::string*> models_;
  std::vector<std::optional<std::string>*> optional_models_;
  std::vector<std::vector<std::string>*> model_lists_;
};

}  // namespace adze::cli
