// Chat templates: from a conversation to the text a model was trained to continue.
//
// The template language is jinja2's as Hugging Face transformers sets it up (sandboxed and immutable, trim_blocks,
// lstrip_blocks, loop controls, `{% generation %}`, raise_exception, strftime_now, tojson without HTML escapes).
// See docs/chat-templates.md.
//
//   const ChatTemplate chat = ChatTemplate::parse(read_text_file("chat_template.jinja"), "chat_template.jinja");
//   const std::string prompt = chat.render(chat_context({{"user", "Hello!"}}, {.add_generation_prompt = true}));
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace adze::text {

/// One turn of a conversation with plain text. Richer messages (tool calls, parts) are given as Json.
struct ChatMessage {
  std::string role;  // "system", "user", "assistant" or what else the template knows
  std::string content;
};

/// What transformers gives a template besides the messages.
struct ChatContextOptions {
  bool add_generation_prompt = false;  // end with the start of the assistant's turn
  Json tools;                          // list of JSON schemas; null: none
  Json documents;                      // list of documents; null: none
  Json special_tokens;                 // object: "bos_token", "eos_token", ... -> text
  Json extra;                          // object of further variables, for example {"enable_thinking": false}
};

/// The variables of a rendering: messages, tools, documents, add_generation_prompt, special tokens and extras.
/// `messages` must be a list of objects. Throws Error(bad_input) for other shapes.
Json chat_context_from_json(const Json& messages, const ChatContextOptions& options = {});
Json chat_context(const std::vector<ChatMessage>& messages, const ChatContextOptions& options = {});

/// Bounds for templates that come from outside. The defaults are far beyond what real templates need.
struct RenderOptions {
  uint64_t max_steps = 10'000'000;                           // visited nodes and touched list items
  uint64_t max_bytes = uint64_t{256} << 20;                  // all text and data produced on the way, kept or not
  std::optional<std::chrono::system_clock::time_point> now;  // for strftime_now; default: the clock
};

/// A parsed template. Immutable; may be rendered by several threads at once.
class ChatTemplate {
 public:
  /// `name` stands in messages. Throws Error(bad_input) with "name:line:column" and what was expected there.
  static ChatTemplate parse(std::string source, std::string name);

  /// `context` is an object whose members become the template's variables. Throws Error(bad_input | unsupported |
  /// not_found) when the template fails or refuses the conversation, and when a limit is reached.
  std::string render(const Json& context, const RenderOptions& options = {}) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace adze::text
