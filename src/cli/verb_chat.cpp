// adze chat: a conversation, turn by turn.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "cli/conversation.h"
#include "cli/exit_codes.h"
#include "cli/generation_arguments.h"
#include "cli/grammar_arguments.h"
#include "cli/input_lines.h"
#include "cli/interrupt.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"

namespace adze::cli {
namespace {

struct ChatOptions {
  SessionArguments session;
  GrammarArguments grammar;
  GenerationArguments generation;
  std::optional<std::string> system;
  std::optional<std::string> template_file;
  bool stats = false;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.option({"--system", "TEXT", "what the model is told before the first turn"}, system);
    arguments.option({"--template", "FILE", "a chat template (Jinja) instead of the model's own"}, template_file);
    session.declare_context(arguments);
    arguments.flag("--stats", "show counts and speed behind each answer", stats);
    generation.max_tokens = 1024;
    grammar.declare(arguments);
    generation.declare(arguments);
    session.declare_running(arguments);
    session.declare_draft_model(arguments);
  }
};

constexpr const char* kHelp =
    "  /system TEXT  what the model is told before the first turn; begins anew\n"
    "  /clear        begin anew\n"
    "  /stats        show or hide counts and speed behind each answer\n"
    "  /help         this list\n"
    "  /exit         leave (also Ctrl-D)\n"
    "  A line that ends with \\ goes on with the next one. // at the start stands for /.\n"
    "  Ctrl-C stops an answer.\n";

class Chat {
 public:
  Chat(const ChatOptions& options, Console& console)
      : console_(console),
        program_(grammar_program(options.grammar)),
        model_(load_model(options.session)),
        conversation_(*model_, options.template_file),
        session_(
            open_session(model_, options.session,
                         {.context_tokens = options.session.context, .logit_rows = logit_rows_for(options.session)})),
        draft_model_(open_draft_model(options.session, *session_)),
        sequence_(session_->add_sequence()),
        generation_(generation_options(options.generation, *model_)),
        shows_stats_(options.stats) {
    if (options.system) conversation_.set_system(*options.system);
    generation_.constraint = token_constraint(program_, *model_);
  }

  void talk() {
    if (is_interactive_) console_.note("{}", "Ask something. /help lists the commands.\n");
    std::string line;
    while (!is_over_ && !interrupted() && read_line(line)) {
      if (line.starts_with("/") && !line.starts_with("//")) {
        obey(line);
      } else if (line.find_first_not_of(" \t") != std::string::npos) {
        answer(line.starts_with("//") ? line.substr(1) : line);
      }
    }
    if (is_interactive_ && !is_over_) console_.write("\n");
    if (interrupted()) fail(ErrorCode::cancelled, "stopped by Ctrl-C");
  }

 private:
  void show_prompt(bool is_continued);
  bool read_line(std::string& line);
  void obey(const std::string& line);
  void answer(const std::string& question);
  std::vector<int32_t> tokens_that_fit();
  runtime::GenerationResult say(const std::vector<int32_t>& tokens);

  Console& console_;
  InputLines lines_;
  std::shared_ptr<const text::GrammarProgram> program_;  // null: answers in any form
  std::shared_ptr<runtime::LoadedModel> model_;
  Conversation conversation_;
  std::unique_ptr<runtime::Session> session_;
  std::unique_ptr<runtime::DraftModel> draft_model_;  // null: none
  runtime::SequenceId sequence_;
  runtime::GenerationOptions generation_;
  std::vector<int32_t> held_;  // the tokens that the sequence holds
  bool shows_stats_;
  bool is_over_ = false;
  const bool is_interactive_ = ::isatty(STDIN_FILENO) == 1;
};

void Chat::show_prompt(bool is_continued) {
  if (!is_interactive_) return;
  console_.write(console_.styled(Style::strong, is_continued ? ". " : "> "));
  console_.flush();
}

// A line, and the next ones as long as they end with a backslash; false at the end of the input.
bool Chat::read_line(std::string& line) {
  line.clear();
  std::string part;
  for (;; line += part + "\n") {
    show_prompt(!line.empty());
    if (!lines_.next(part)) return false;
    if (!part.ends_with('\\')) break;
    part.pop_back();
  }
  line += part;
  return true;
}

void Chat::obey(const std::string& line) {
  const auto space = line.find(' ');
  const std::string command = line.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  if (command == "/exit" || command == "/quit") {
    is_over_ = true;
  } else if (command == "/clear") {
    conversation_.clear();
  } else if (command == "/system") {
    conversation_.clear();
    conversation_.set_system(rest);
  } else if (command == "/stats") {
    shows_stats_ = !shows_stats_;
  } else {
    if (command != "/help") console_.note("There is no command {}.", command);
    console_.write_message(kHelp);
  }
}

// The conversation without as many of its oldest turns as do not fit.
std::vector<int32_t> Chat::tokens_that_fit() {
  const auto capacity = static_cast<size_t>(session_->cache().capacity_tokens());
  auto tokens = conversation_.tokens();
  while (tokens.size() >= capacity) {
    if (!conversation_.forget_oldest()) {
      fail(ErrorCode::bad_input,
           "the question has {} tokens, but the context has room for {}; give more with --context", tokens.size(),
           capacity);
    }
    console_.note("{}", console_.styled_message(Style::faint, "(the context is full: the oldest turn is forgotten)"));
    tokens = conversation_.tokens();
  }
  return tokens;
}

// Feeds only what the sequence does not hold yet.
runtime::GenerationResult Chat::say(const std::vector<int32_t>& tokens) {
  const auto common = std::mismatch(held_.begin(), held_.end(), tokens.begin(), tokens.end()).first - held_.begin();
  const auto wanted = std::min<int64_t>(common, static_cast<int64_t>(tokens.size()) - 1);
  const auto kept = static_cast<size_t>(session_->truncate(sequence_, wanted));
  generation_.held.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(kept));
  const auto sink = [&](std::string_view piece) {
    console_.write_model_text(piece);
    console_.flush();
    return !interrupted();
  };
  auto result =
      runtime::generate(*session_, sequence_, std::span(tokens).subspan(kept), generation_, sink, {draft_model_.get()});
  held_ = tokens;
  held_.insert(held_.end(), result.tokens.begin(), result.tokens.end());
  held_.resize(static_cast<size_t>(session_->length(sequence_)));  // the last token was not fed
  return result;
}

void Chat::answer(const std::string& question) {
  conversation_.add_user(question);
  const auto result = say(tokens_that_fit());
  conversation_.add_assistant(result.text);
  console_.write(is_interactive_ ? "\n\n" : "\n");
  console_.flush();
  if (shows_stats_) {
    console_.note("{}", generation_facts(result, generation_).to_text(console_.errors_have_colours()));
  }
  if (is_interactive_ && interrupted()) forget_interrupt();
  ++generation_.sampler.seed;  // the same question twice may have two answers
}

void run_chat(const ChatOptions& options, Console& console) {
  require_end(options.grammar, options.generation);
  Chat(options, console).talk();
}

constexpr Example kExamples[] = {
    {"chat model.gguf", "talk; /help lists the commands, Ctrl-D leaves"},
    {"chat model.gguf --system \"Answer in one sentence.\" --temp 0", "with an instruction, always the same answers"},
    {"chat model.gguf < questions.txt", "one question per line, one conversation"},
};

}  // namespace

const Verb chat_verb = make_verb<ChatOptions, run_chat>({
    .name = "chat",
    .group = "Run",
    .summary = "talk with a model, turn by turn",
    .description =
        "Holds a conversation through the model's chat template. Answers are streamed; what was said stays in "
        "the cache, so each turn feeds only what is new. Ctrl-C stops an answer.",
    .examples = kExamples,
});

}  // namespace adze::cli
