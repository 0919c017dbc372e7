// An answer that is sent when all of it is there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "server/endpoint.h"
#include "server/generation.h"

namespace adze::server {

struct FinishedChoice {
  std::vector<TokenScore> prompt;
  text::AnswerPart part;
  std::vector<int32_t> tokens;
  std::vector<TokenScore> scores;
  ChoiceEnd end;
};
struct FinishedAnswer {
  std::vector<FinishedChoice> choices;

  // Each prompt counts once.
  int64_t prompt_tokens() const;
  int64_t reused_tokens() const;
  int64_t generated_tokens() const;
};

/// Begins to make the answer and returns; once it is there, sends what `document_of` makes of it, or the error. Throws
/// what begin_generation() throws.
void answer_whole(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                  std::function<Json(const FinishedAnswer&)> document_of);

}  // namespace adze::server
