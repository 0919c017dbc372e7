// adze tokenize: text to token ids and back.
#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "cli/input_text.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::cli {
namespace {

struct TokenizeOptions {
  std::string model;
  std::optional<std::string> text;
  std::optional<std::string> file;
  bool decode = false;
  bool ids = false;
  bool bare = false;
  bool literal = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("MODEL", "file or folder with a tokenizer", model);
    arguments.takes_model(model);
    arguments.optional("TEXT", "what to tokenize; '-' reads the standard input", text);
    arguments.option({"-f,--file", "FILE", "read the text from a file"}, file);
    arguments.flag("--ids", "print only the ids, on one line", ids);
    arguments.flag("--bare", "add no tokens for the beginning and the end of a text", bare);
    arguments.flag("--literal", "take control tokens in the text, such as </s>, for ordinary letters", literal);
    arguments.flag("--decode", "the other way: TEXT is a list of ids, the output is their text", decode);
    arguments.json_flag(json);
  }
};

text::Tokenizer tokenizer_of(const std::string& path) {
  const auto model = formats::read_model(path);
  if (!model.tokenizer) fail(ErrorCode::unsupported, "{}: has no tokenizer", path);
  return text::Tokenizer(model.tokenizer);
}

std::vector<int32_t> parse_ids(std::string_view text) {
  constexpr std::string_view kSeparators = " \t\r\n,[]";
  std::vector<int32_t> ids;
  while (true) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSeparators)));
    if (text.empty()) return ids;
    const auto word = text.substr(0, text.find_first_of(kSeparators));
    int32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size()) {
      throw UsageError(fmt::format("'{}' is not a token id", word));
    }
    ids.push_back(id);
    text.remove_prefix(word.size());
  }
}

Json tokens_json(const text::Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  Json pieces = Json::array();
  for (const int32_t id : ids) pieces.push_back(tokenizer.token_text(id));
  return {{"count", ids.size()}, {"ids", ids}, {"pieces", pieces}, {"text", tokenizer.decode(ids)}};
}

void print_tokens(Console& console, const text::Tokenizer& tokenizer, const std::vector<int32_t>& ids, size_t bytes) {
  report::Table table({{"Id", "id", report::Align::right}, {"Piece", "piece"}});
  for (const int32_t id : ids) table.add_row({report::Cell::integer(id), tokenizer.token_text(id)});
  if (!ids.empty()) print_table(console, table);
  const double ratio = ids.empty() ? 0 : static_cast<double>(bytes) / static_cast<double>(ids.size());
  console.print("\n{} tokens for {} bytes: {:.2f} bytes per token\n", ids.size(), bytes, ratio);
}

void run_tokenize(const TokenizeOptions& options, Console& console) {
  const std::string input = input_text(options.text, options.file, options.decode ? "a list of ids" : "a text");
  const auto tokenizer = tokenizer_of(options.model);
  const auto ids = options.decode
                       ? parse_ids(input)
                       : tokenizer.encode(input, {.add_special = !options.bare, .parse_special = !options.literal});
  if (options.json) {
    print_json(console, tokens_json(tokenizer, ids));
  } else if (options.ids) {
    console.print("{}\n", fmt::join(ids, " "));
  } else if (options.decode) {
    console.write_model_text(tokenizer.decode(ids));
    if (console.output_is_terminal()) console.write("\n");
  } else {
    print_tokens(console, tokenizer, ids, input.size());
  }
}

constexpr Example kExamples[] = {
    {"tokenize model.gguf \"Hello world\"", "the tokens, one per line"},
    {"tokenize model.gguf --ids -f story.txt", "only the ids, for scripts"},
    {"tokenize model.gguf --decode \"9906 1917\"", "the text of these ids"},
};

}  // namespace

const Verb tokenize_verb = make_verb<TokenizeOptions, run_tokenize>({
    .name = "tokenize",
    .group = "Look",
    .summary = "turn text into token ids, or ids into text",
    .description = "Shows how a model's tokenizer splits a text. Bytes that are not UTF-8 count as U+FFFD.",
    .examples = kExamples,
});

}  // namespace adze::cli
