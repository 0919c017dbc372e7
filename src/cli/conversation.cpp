#include "cli/conversation.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "text/chat_templates/special_token_texts.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::cli {
namespace {

text::ChatTemplate template_of(const model::Model& model, const std::optional<std::string>& file) {
  if (file) return text::ChatTemplate::parse(read_text_file(*file), *file);
  const auto* source = model.chat_template();
  if (!source) {
    fail(ErrorCode::unsupported, "{}: the model has no chat template; give one with --template, or use `adze run`",
         model.source);
  }
  return text::ChatTemplate::parse(*source, model.source + ": chat template");
}

}  // namespace

Conversation::Conversation(const runtime::LoadedModel& model, const std::optional<std::string>& template_file)
    : model_(model), template_(template_of(model.model(), template_file)) {
  system_ = model_.model().generation.find_string("system_prompt").value_or("");
}

bool Conversation::forget_oldest() {
  if (turns_.size() < 3) return false;
  turns_.erase(turns_.begin(), turns_.begin() + 2);
  return true;
}

std::vector<int32_t> Conversation::tokens() const {
  std::vector<text::ChatMessage> messages;
  if (!system_.empty()) messages.push_back({"system", system_});
  messages.insert(messages.end(), turns_.begin(), turns_.end());
  const auto& tokenizer = model_.tokenizer();
  text::ChatContextOptions options;
  options.add_generation_prompt = true;
  options.special_tokens = text::special_token_texts(tokenizer);
  const auto context = text::chat_context(messages, options);
  // The template writes the tokens that begin a text itself.
  return tokenizer.encode(template_.render(context), {.add_special = false});
}

}  // namespace adze::cli
