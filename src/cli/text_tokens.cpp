#include "cli/text_tokens.h"

#include "text/tokenizers/tokenizer.h"

namespace adze::cli {

TextTokens tokens_of_text(const runtime::LoadedModel& model, const std::string& text, bool parse_special) {
  const auto& tokenizer = model.tokenizer();
  const auto& prefix = tokenizer.spec().prefix_ids;
  TextTokens result{prefix, prefix.empty() ? text::kNoToken : prefix.front()};
  const auto rest = tokenizer.encode(text, {.add_special = false, .parse_special = parse_special});
  result.tokens.insert(result.tokens.end(), rest.begin(), rest.end());
  return result;
}

}  // namespace adze::cli
