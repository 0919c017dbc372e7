#include "cli/session_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "adapters/adapter_format.h"
#include "base/error.h"
#include "cli/graph_arguments.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "passes/pass.h"
#include "runtime/generate.h"

namespace adze::cli {
namespace {

constexpr int64_t kMaxDefaultContext = 4096;
constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kMaxContext = int64_t{1} << 24;

}  // namespace

void SessionArguments::declare_model(Arguments& arguments) {
  arguments.required("MODEL", "file or folder in any format of `adze list formats`, or hf:owner/repo", model);
  arguments.takes_model(model);
}

void SessionArguments::declare_context(Arguments& arguments) {
  arguments.option(
      {"-c,--context", "TOKENS", "room for prompt and answer; 0: what the model was trained for, at most 4096"},
      context, {0, kMaxContext});
}

void SessionArguments::declare_running(Arguments& arguments) {
  declare_threads(arguments);
  declare_precision(arguments);
  declare_adapters(arguments);
}

void SessionArguments::declare_adapters(Arguments& arguments) {
  arguments.option(
      {"--adapter", "PATH[:SCALE]",
       "apply a LoRA or DoRA adapter in any format of `adze list adapters`, SCALE times as strongly; may be "
       "repeated, their changes add up"},
      adapters);
}

void SessionArguments::declare_draft_model(Arguments& arguments) {
  arguments.option({"--draft-model", "FILE",
                    "a smaller model with the same vocabulary that guesses ahead: the same text, sooner where it "
                    "guesses well"},
                   draft_model);
}

void SessionArguments::declare_encoding(Arguments& arguments) {
  declare_threads(arguments);
  declare_activation(arguments);
  declare_weights(arguments);
}

void SessionArguments::declare_precision(Arguments& arguments) {
  static const std::string kCaches[] = {"f16", "f32", "q8_0", "q4_0"};
  declare_activation(arguments);
  arguments.choice({"--kv", "TYPE", "precision of the cache of keys and values: f32, f16, q8_0 or q4_0"}, kCaches, kv);
  declare_weights(arguments);
}

void SessionArguments::declare_threads(Arguments& arguments) {
  arguments.section("Running");
  arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, kMaxThreads});
}

void SessionArguments::declare_activation(Arguments& arguments) {
  static const std::string kActivations[] = {"auto", "q8_32", "q8_256", "f32"};
  arguments.choice(
      {"--activation", "TYPE",
       "precision in products: f32; q8_32: 8 bits, a scale for 32 numbers; auto: q8_32 where the weight is "
       "quantized, q8_256 below 3 bits; q8_256: a scale for 256 numbers with all K types, faster but less exact"},
      kActivations, activation);
}

void SessionArguments::declare_weights(Arguments& arguments) {
  static const std::string kWeights[] = {"packed", "mapped"};
  arguments.choice({"--weights", "HOW",
                    "packed: a copy in the layout of the kernels; mapped: only the file's own pages, which saves that "
                    "memory and makes generation slower"},
                   kWeights, weights);
}

namespace {

std::shared_ptr<runtime::LoadedModel> load(const SessionArguments& arguments, model::Model model,
                                           std::span<const runtime::AppliedAdapter> adapters) {
  const auto policy = passes::activation_policy_named(arguments.activation);
  const auto memory = arguments.weights == "mapped" ? runtime::WeightMemory::mapped : runtime::WeightMemory::packed;
  return std::make_shared<runtime::LoadedModel>(std::move(model), policy, memory, passes::default_pipeline(), adapters);
}

// "" where it is none.
std::string format_of_folder(const std::filesystem::path& folder) {
  for (const auto& format : formats::all_formats()) {
    if (format.recognizes(folder.string())) return std::string(format.name);
  }
  return "";
}

// A file with a graph may be part of a model of texts, whose settings and tokenizer lie beside it.
void refuse_graph(const std::string& path) {
  if (!is_graph_model(path)) return;
  const auto folder = std::filesystem::absolute(path).parent_path();
  const std::string format = format_of_folder(folder);
  fail(ErrorCode::unsupported, "{}: is a graph, which `adze run {} --input NAME=FILE` computes{}", path, path,
       format.empty() ? "" : fmt::format("; the model of texts ({}) is its folder, {}", format, folder.string()));
}

// "path", or "path:scale" where no file has that name.
runtime::AppliedAdapter adapter_of(const std::string& word, const model::Model& base) {
  std::string path = word;
  double strength = 1;
  const size_t colon = word.rfind(':');
  if (std::error_code ignored; colon != word.npos && !std::filesystem::exists(word, ignored)) {
    path = word.substr(0, colon);
    strength = parse_number("--adapter", word.substr(colon + 1));
  }
  return {std::make_shared<model::Adapter>(adapters::read_adapter(path, base)), strength};
}

}  // namespace

std::shared_ptr<runtime::LoadedModel> load_model(const SessionArguments& arguments) {
  return load_model(arguments, formats::read_model(arguments.model));
}

std::shared_ptr<runtime::LoadedModel> load_model(const SessionArguments& arguments, model::Model model) {
  if (model.architecture.empty()) refuse_graph(arguments.model);
  std::vector<runtime::AppliedAdapter> applied;
  for (const auto& word : arguments.adapters) applied.push_back(adapter_of(word, model));
  return load(arguments, std::move(model), applied);
}

std::shared_ptr<runtime::LoadedModel> load_other_model(const SessionArguments& arguments, const std::string& path) {
  return load(arguments, formats::read_model(path), {});
}

std::unique_ptr<runtime::Session> open_session(std::shared_ptr<runtime::LoadedModel> model,
                                               const SessionArguments& arguments, const SessionSize& size) {
  runtime::SessionOptions options;
  options.threads = static_cast<unsigned>(arguments.threads);
  options.context_tokens =
      size.context_tokens > 0 ? size.context_tokens : std::min(model->trained_context(), kMaxDefaultContext);
  options.batch_tokens = size.batch_tokens;
  options.logit_rows = size.logit_rows;
  options.kv_storage = &codecs::require_codec(arguments.kv).info;
  return std::make_unique<runtime::Session>(std::move(model), options);
}

int64_t logit_rows_for(const SessionArguments& arguments) {
  return arguments.draft_model ? 1 + runtime::Drafting{}.max_tokens : 1;
}

std::unique_ptr<runtime::DraftModel> open_draft_model(const SessionArguments& arguments,
                                                      const runtime::Session& session) {
  if (!arguments.draft_model) return nullptr;
  runtime::DraftModelOptions options;
  options.session.context_tokens = session.cache().capacity_tokens();
  options.session.batch_tokens = session.batch_tokens();
  options.session.logit_rows = 1;
  options.session.kv_storage = session.cache().storage();
  return std::make_unique<runtime::DraftModel>(load_other_model(arguments, *arguments.draft_model), session.model(),
                                               options, session.shared_pool());
}

}  // namespace adze::cli
