// A chat with a model as the tokens that its template makes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/loaded_model.h"
#include "text/chat_templates/chat_template.h"

namespace adze::cli {

class Conversation {
 public:
  /// With the model's chat template, or the Jinja source in `template_file`. Throws Error(unsupported) when there is
  /// neither. REQUIRES: the model outlives the conversation.
  Conversation(const runtime::LoadedModel& model, const std::optional<std::string>& template_file);

  /// What stands before the first turn, instead of what the model brings; empty: nothing, or what the template puts
  /// there itself.
  void set_system(std::string text) { system_ = std::move(text); }
  void add_user(std::string text) { turns_.push_back({"user", std::move(text)}); }
  void add_assistant(std::string text) { turns_.push_back({"assistant", std::move(text)}); }
  void clear() { turns_.clear(); }
  /// Forgets the oldest question with its answer; false when only the current question is left.
  bool forget_oldest();

  /// Everything so far, up to the start of the assistant's next turn.
  std::vector<int32_t> tokens() const;

 private:
  const runtime::LoadedModel& model_;
  text::ChatTemplate template_;
  std::string system_;
  std::vector<text::ChatMessage> turns_;
};

}  // namespace adze::cli
