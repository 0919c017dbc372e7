#include "pipeline/text_of_trials.h"

#include "base/error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {

std::vector<int32_t> tokens_of_text(const model::Model& model, const std::string& text) {
  if (!model.tokenizer) fail(ErrorCode::bad_input, "{}: without a tokenizer no text can be scored", model.source);
  const text::Tokenizer tokenizer(model.tokenizer);
  std::vector<int32_t> tokens = tokenizer.spec().prefix_ids;
  const auto rest = tokenizer.encode(text, {.add_special = false, .parse_special = false});
  tokens.insert(tokens.end(), rest.begin(), rest.end());
  return tokens;
}

int32_t first_token_of(const model::Model& model) {
  const auto& prefix = model.tokenizer->prefix_ids;
  return prefix.empty() ? text::kNoToken : prefix.front();
}

}  // namespace adze::pipeline
