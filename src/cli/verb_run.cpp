// adze run: one completion.
#include <fmt/format.h>

#include "base/error.h"
#include "base/memory_use.h"
#include "cli/conversation.h"
#include "cli/generation_arguments.h"
#include "cli/grammar_arguments.h"
#include "cli/graph_arguments.h"
#include "cli/input_text.h"
#include "cli/interrupt.h"
#include "cli/report_output.h"
#include "cli/session_arguments.h"
#include "cli/verb.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::cli {
namespace {

struct RunOptions {
  SessionArguments session;
  GrammarArguments grammar;
  GenerationArguments generation;
  GraphRunArguments graph;
  std::optional<std::string> prompt;
  std::optional<std::string> file;
  bool chat = false;
  std::optional<std::string> system;
  bool stats = false;
  bool json = false;
  GivenOptions given;

  void declare(Arguments& arguments) {
    session.declare_model(arguments);
    arguments.option({"-p,--prompt", "TEXT", "what to continue; '-' reads the standard input"}, prompt);
    arguments.option({"-f,--file", "FILE", "read the prompt from a file"}, file);
    arguments.flag("--chat", "put the prompt into the model's chat template, as a question to answer", chat);
    arguments.option({"--system", "TEXT", "with --chat: what the model is told before the question"}, system);
    session.declare_context(arguments);
    arguments.flag("--stats", "show counts and speed on the standard error, also when it is no terminal", stats);
    arguments.json_flag(json);
    grammar.declare(arguments);
    generation.declare(arguments);
    session.declare_running(arguments);
    session.declare_draft_model(arguments);
    graph.declare(arguments);
    arguments.note_given(given);
  }
};

constexpr std::string_view kGraphOptions[] = {"--input", "--output", "--threads", "--json"};

std::vector<int32_t> prompt_tokens(const RunOptions& options, const runtime::LoadedModel& model,
                                   const std::string& text) {
  if (options.chat) {
    Conversation conversation(model, std::nullopt);
    if (options.system) conversation.set_system(*options.system);
    conversation.add_user(text);
    return conversation.tokens();
  }
  auto tokens = model.tokenizer().encode(text);
  if (tokens.empty()) fail(ErrorCode::bad_input, "the prompt is empty and the model has no token to begin a text with");
  return tokens;
}

void require_room(size_t tokens, const runtime::Session& session) {
  const auto capacity = static_cast<size_t>(session.cache().capacity_tokens());
  if (tokens <= capacity) return;
  fail(ErrorCode::bad_input, "the prompt has {} tokens, but the context has room for {}; give more with --context",
       tokens, capacity);
}

// What the run keeps in memory of its own; the file's pages are not in it.
Json memory_facts(runtime::Session& session) {
  const auto& cache = session.cache();
  return {{"weight_bytes", session.model().weights().owned_bytes()},
          {"cache_bytes", cache.capacity_tokens() * cache.token_bytes()},
          {"activation_bytes", session.plan().activation_bytes()},
          {"anonymous_bytes", memory_use().anonymous_bytes}};
}

void report_end(Console& console, const RunOptions& options, const runtime::GenerationResult& result,
                const runtime::GenerationOptions& generation, runtime::Session& session) {
  if (options.json) {
    Json document = {{"text", result.text}, {"tokens", result.tokens}, {"memory", memory_facts(session)}};
    document.update(generation_facts(result, generation).to_json());
    print_json(console, document);
    return;
  }
  if (console.output_is_terminal()) console.write("\n");
  if (options.stats || console.errors_are_terminal()) {
    console.note("\n{}", generation_facts(result, generation).to_text(console.errors_have_colours()));
  }
}

void run_run(const RunOptions& options, Console& console) {
  if (is_graph_model(options.session.model)) {
    options.given.require_among(kGraphOptions, kGraphModels);
    return run_graph_model(options.session.model, options.graph, options.session.threads, options.json, console);
  }
  if (options.graph.any()) throw UsageError("--input and --output need a model of a graph format");
  if (options.system && !options.chat) throw UsageError("--system needs --chat");
  require_end(options.grammar, options.generation);
  auto program = grammar_program(options.grammar);
  const std::string prompt = input_text(options.prompt, options.file, "a prompt");
  const auto model = load_model(options.session);
  auto generation = generation_options(options.generation, *model);
  generation.constraint = token_constraint(std::move(program), *model);
  const auto tokens = prompt_tokens(options, *model, prompt);
  const auto session =
      open_session(model, options.session,
                   {.context_tokens = options.session.context, .logit_rows = logit_rows_for(options.session)});
  const auto draft_model = open_draft_model(options.session, *session);
  require_room(tokens.size(), *session);
  const auto sink = [&](std::string_view piece) {
    if (!options.json) console.write_model_text(piece);
    console.flush();
    return !interrupted();
  };
  const auto result =
      runtime::generate(*session, session->add_sequence(), tokens, generation, sink, {draft_model.get()});
  report_end(console, options, result, generation, *session);
  if (interrupted()) fail(ErrorCode::cancelled, "stopped by Ctrl-C");
}

constexpr Example kExamples[] = {
    {"run model.gguf -p \"Once upon a time\" -n 64", "continue a text"},
    {"run model.gguf --chat -p \"Why is the sky blue?\"", "answer a question"},
    {"run model.gguf -f question.txt --temp 0", "the same answer every time"},
    {"run model.gguf --chat -p \"Name three birds.\" --grammar list.gbnf", "an answer in the form of a grammar"},
    {"run model.gguf --chat -p \"Invent a person.\" --json-schema person.json", "JSON that is valid for a schema"},
    {"run model.onnx --input x=image.npy --output y=scores.npy", "compute what a graph says"},
    {"run model.onnx --input x=cat.jpg,mean=127,scale=1/128", "a picture, made into what the graph takes"},
    {"run model.tflite --input x=word.wav,rate=16000", "a sound at the rate that the model was trained with"},
    {"run model.gguf -p - --json < prompt.txt", "text, tokens and speed for scripts"},
};

}  // namespace

const Verb run_verb = make_verb<RunOptions, run_run>({
    .name = "run",
    .group = "Run",
    .summary = "continue a text, or compute a graph",
    .description = "Continues a prompt and prints only the continuation, as it comes. Sampling follows the options, "
                   "else the model's own generation defaults, else the defaults shown. A model of a graph format takes "
                   "named tensors, pictures and sounds, and shows what its outputs hold.",
    .examples = kExamples,
});

}  // namespace adze::cli
