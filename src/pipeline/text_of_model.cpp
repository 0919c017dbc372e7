#include "pipeline/text_of_model.h"

#include <algorithm>

#include "base/error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {

std::vector<int32_t> tokens_of_text(const model::Model& model, const std::string& source) {
  if (!model.tokenizer) fail(ErrorCode::bad_input, "{}: without a tokenizer no text can be scored", model.source);
  const text::Tokenizer tokenizer(model.tokenizer);
  std::vector<int32_t> tokens = tokenizer.spec().prefix_ids;
  const auto rest = tokenizer.encode(source, {.add_special = false, .parse_special = false});
  tokens.insert(tokens.end(), rest.begin(), rest.end());
  return tokens;
}

int32_t first_token_of(const model::Model& model) {
  const auto& prefix = model.tokenizer->prefix_ids;
  return prefix.empty() ? text::kNoToken : prefix.front();
}

TokenizedText tokenized(const model::Model& model, const std::string& source, int64_t context, int64_t chunks) {
  TokenizedText text{tokens_of_text(model, source), {}};
  const auto trained = model.config.find_int("context_length").value_or(context);
  text.options = {.context = std::min({context, trained, static_cast<int64_t>(text.tokens.size())}),
                  .max_chunks = chunks,
                  .first_token = first_token_of(model)};
  return text;
}

}  // namespace adze::pipeline
