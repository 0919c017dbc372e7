// adze pull: a model of a hub onto this machine.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/hub_settings.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "hub/pull.h"

namespace adze::cli {
namespace {

using report::Cell;

struct PullOptions {
  std::string name;
  int64_t connections = 4;
  int64_t tries = hub::HubOptions{}.most_tries;
  bool dry_run = false;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("NAME", "hf:owner/repo, with @revision and with :file, :pattern or :word behind it", name);
    arguments.option({"--connections", "N", "ranges of a file that are fetched at the same time"}, connections,
                     {1, 16});
    arguments.option({"--tries", "N", "connections in a row that may break without bringing a byte"}, tries, {1, 100});
    arguments.flag("--dry-run", "say which files that are; fetch nothing", dry_run);
    arguments.json_flag(json);
  }
};

hub::HubName required_name(const std::string& text) {
  if (auto name = hub::parse_hub_name(text)) return *name;
  throw UsageError(fmt::format("'{}': models of the hub are called hf:owner/repo", text));
}

report::Table files_table(const std::vector<hub::PulledFile>& files, bool is_dry_run) {
  report::Table table(
      {{"File", "path", report::Align::left, true}, {"Size", "bytes", report::Align::right}, {"", "state"}});
  for (const auto& file : files) {
    const auto* state = file.was_there ? "there already" : is_dry_run ? "to fetch" : "fetched";
    table.add_row({file.path, Cell::bytes(static_cast<int64_t>(file.bytes)), state});
  }
  return table;
}

report::FactList pull_facts(const hub::PullReport& report) {
  report::FactList facts;
  uint64_t bytes = 0;
  for (const auto& file : report.files) bytes += file.bytes;
  facts.add("Repository", "repository", report.repository);
  facts.add("Commit", "commit", report.commit);
  facts.add("Files", "files", Cell::integer(static_cast<int64_t>(report.files.size())));
  facts.add("Size", "stored_bytes", Cell::bytes(static_cast<int64_t>(bytes)));
  facts.add("Fetched", "fetched_bytes", Cell::bytes(static_cast<int64_t>(report.fetched_bytes)));
  facts.add("Model", "model_path", report.model_path);
  facts.add("Time", "seconds", Cell::seconds(report.seconds));
  return facts;
}

void print_pull(const hub::PullReport& report, const PullOptions& options, Console& console) {
  const auto table = files_table(report.files, options.dry_run);
  const auto facts = pull_facts(report);
  if (options.json) {
    Json document = facts.to_json();
    document["list"] = table.to_json();
    return print_json(console, document);
  }
  print_facts(console, facts);
  console.write("\n");
  print_table(console, table);
}

void run_pull(const PullOptions& options, Console& console) {
  const auto name = required_name(options.name);
  if (hub_is_offline()) {
    fail(ErrorCode::unsupported, "{}: HF_HUB_OFFLINE is set: nothing is fetched", name.text());
  }
  auto settings = hub_options();
  settings.connections = static_cast<unsigned>(options.connections);
  settings.most_tries = options.tries;
  ProgressBar progress(console);
  const auto cache = hub_cache();
  print_pull(
      options.dry_run ? hub::plan_pull(name, cache, settings, progress) : hub::pull(name, cache, settings, progress),
      options, console);
}

constexpr Example kExamples[] = {
    {"pull hf:owner/repo", "settings, vocabulary and safetensors of a repository"},
    {"pull hf:owner/repo-GGUF:Q4_K_M", "the GGUF file with this word in its name, all its parts"},
    {"pull hf:owner/repo@v1.0:'*.json'", "files by a pattern, of another revision"},
    {"run hf:owner/repo-GGUF:Q4_K_M -p Hello", "then the name is as good as a path"},
};

}  // namespace

const Verb pull_verb = make_verb<PullOptions, run_pull>({
    .name = "pull",
    .group = "Get",
    .summary = "fetch a model of the Hugging Face hub",
    .description =
        "Fetches a model into the cache, where every verb finds it by the same name. Without a file it takes what is "
        "needed to use the model. What was stopped goes on where it was; each file appears when its sum is right. "
        "HF_TOKEN opens private and gated repositories, HF_ENDPOINT is another hub, http_proxy and the like are "
        "heeded (docs/pull.md).",
    .examples = kExamples,
});

}  // namespace adze::cli
