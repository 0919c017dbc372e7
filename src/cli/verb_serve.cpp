// adze serve: models behind HTTP.
#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "base/error.h"
#include "cli/byte_size.h"
#include "cli/hub_settings.h"
#include "cli/interrupt.h"
#include "cli/verb.h"
#include "server/server_config.h"

namespace adze::cli {
namespace {

struct ServeOptions {
  std::vector<std::string> models;
  std::optional<std::string> host;
  std::optional<int64_t> port;
  std::optional<std::string> config;
  std::optional<std::string> add_key;
  bool strict = false;
  std::vector<std::string> origins;
  std::optional<std::string> certificate;
  std::optional<std::string> key;
  std::string log = "stderr";
  std::string max_ram;
  std::optional<double> keep_alive;
  std::optional<std::string> template_file;
  std::optional<std::string> store;
  server::ModelSettings model;
  std::vector<std::string> adapters;
  int64_t threads = 0;

  void declare(Arguments& arguments) {
    static const std::string kActivations[] = {"auto", "q8_32", "q8_256", "f32"};
    static const std::string kCaches[] = {"f16", "f32", "q8_0", "q4_0"};
    static const std::string kPoolings[] = {"model", "none", "mean", "cls", "last", "rank"};
    static const std::string kLogs[] = {"stderr", "none"};
    arguments.optional("MODEL", "files or folders in any format of `adze list formats`, or hf:owner/repo", models);
    arguments.takes_models(models);
    arguments.option({"--host", "ADDRESS", "where to listen [127.0.0.1]; 0.0.0.0: on every network of the machine"},
                     host);
    arguments.option({"--port", "N", "[8080]; 0: any that is free"}, port, {0, 65535});
    arguments.option({"--config", "FILE", "models, keys and limits as JSON; options of the command line come first"},
                     config);
    arguments.option(
        {"--add-key", "NAME[:operator]", "make a key, print it once, store its hash in the file of --config, and end"},
        add_key);
    arguments.flag("--strict", "refuse requests with fields that are not known", strict);
    arguments.option(
        {"--allow-origin", "ORIGIN", "web pages that may ask (https://example.org; *: all); may be repeated"}, origins);
    arguments.option({"--tls-certificate", "FILE", "speak HTTPS: the certificate and those that sign it, in PEM"},
                     certificate);
    arguments.option({"--tls-key", "FILE", "its private key, in PEM"}, key);
    arguments.choice({"--log", "WHERE", "a line of JSON for each request: stderr or none"}, kLogs, log);
    arguments.section("Models");
    arguments.option(
        {"-c,--context", "TOKENS", "of prompt and answer; 0: what the model was trained for, at most 4096"},
        model.context, {0, int64_t{1} << 24});
    arguments.option({"--cache-tokens", "TOKENS", "room for all requests together; 0: four times the context"},
                     model.cache_tokens, {0, int64_t{1} << 30});
    arguments.option({"--parallel", "N", "requests that are computed at once"}, model.max_running, {1, 512});
    arguments.option({"--draft-tokens", "N", "guess so many tokens ahead where a text repeats itself; 0: none"},
                     model.draft_tokens, {0, 64});
    arguments.option({"--draft-model", "FILE", "a smaller model with the same vocabulary that guesses ahead"},
                     model.draft_model);
    arguments.option(
        {"--lora", "NAME=PATH[,SCALE]",
         "an adapter of the first model, in any format of `adze list adapters`, that requests can choose; may "
         "be repeated"},
        adapters);
    arguments.choice({"--pooling", "HOW", "what becomes of the tokens' vectors in embeddings, as of `adze embed`"},
                     kPoolings, model.pooling);
    arguments.option({"--template", "FILE", "a chat template (Jinja) instead of the models' own"}, template_file);
    arguments.option(
        {"--store", "FOLDER",
         "where models lie that operators make (/api/create), and what they fetch and rename, for the next "
         "start"},
        store);
    arguments.option({"--max-ram", "SIZE", "of all models in memory; those unused for longest make room"}, max_ram);
    arguments.option({"--keep-alive", "SECONDS", "how long an unused model stays in memory; -1: for ever [-1]"},
                     keep_alive);
    arguments.section("Running");
    arguments.option({"-t,--threads", "N", "threads of each model; 0: one per usable processor"}, threads, {0, 1024});
    arguments.choice({"--activation", "TYPE", "precision in products, as of `adze run`"}, kActivations,
                     model.activation);
    arguments.choice({"--kv", "TYPE", "precision of the cache of keys and values"}, kCaches, model.kv);
  }
};

void add_key(const ServeOptions& options, Console& console) {
  if (!options.config) throw UsageError("--add-key stores the hash of the key in a file: name it with --config");
  constexpr std::string_view kOperator = ":operator";
  std::string name = *options.add_key;
  const bool is_operator = name.ends_with(kOperator);
  if (is_operator) name.resize(name.size() - kOperator.size());
  if (name.empty()) throw UsageError("--add-key: a key needs a name");
  const auto key = server::make_key(name, is_operator ? server::Role::operator_ : server::Role::user);
  server::add_key_to_config(*options.config, key.stored);
  console.write(key.secret + "\n");
}

// NAME=PATH, or with the scale at which requests have it that call it by its name.
server::AdapterSettings adapter_settings(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == word.npos || equals == 0) throw UsageError("--lora takes NAME=PATH or NAME=PATH,SCALE");
  server::AdapterSettings adapter{.name = word.substr(0, equals), .path = word.substr(equals + 1)};
  const size_t comma = adapter.path.rfind(',');
  if (std::error_code ignored; comma != word.npos && !std::filesystem::exists(adapter.path, ignored)) {
    adapter.scale = parse_number("--lora", adapter.path.substr(comma + 1));
    adapter.path.resize(comma);
  }
  return adapter;
}

server::ServerOptions server_options(const ServeOptions& options) {
  server::ServerOptions result;
  if (!hub_is_offline()) result.service.hub = {.options = hub_options(), .cache_folder = hub_cache().folder()};
  if (options.config) server::read_server_config(*options.config, result);
  if (options.host) result.http.host = *options.host;
  if (options.port) result.http.port = static_cast<uint16_t>(*options.port);
  for (const auto& path : options.models) {
    server::ModelSettings model = options.model;
    model.path = path;
    model.name = server::model_name_of(path);
    model.threads = static_cast<unsigned>(options.threads);
    model.template_file = options.template_file;
    result.service.models.push_back(std::move(model));
  }
  if (options.certificate.has_value() != options.key.has_value()) {
    throw UsageError("--tls-certificate and --tls-key go together");
  }
  if (options.key) result.http.tls = {.certificate = *options.certificate, .key = *options.key};
  if (!options.adapters.empty() && options.models.empty()) throw UsageError("--lora needs the MODEL that it is for");
  for (const auto& word : options.adapters) {
    result.service.models[result.service.models.size() - options.models.size()].adapters.push_back(
        adapter_settings(word));
  }
  result.service.is_strict = result.service.is_strict || options.strict;
  auto& origins = result.service.access.allowed_origins;
  origins.insert(origins.end(), options.origins.begin(), options.origins.end());
  result.service.keep_seconds = options.keep_alive.value_or(result.service.keep_seconds);
  if (options.store) result.service.store.folder = *options.store;
  if (!options.max_ram.empty()) {
    result.service.max_model_bytes = static_cast<int64_t>(parse_byte_size("--max-ram", options.max_ram));
  }
  return result;
}

void run_serve(const ServeOptions& options, Console& console) {
  if (options.add_key) return add_key(options, console);
  auto served = server_options(options);
  std::mutex mutex;
  if (options.log == "stderr") {
    served.service.log = [&](const Json& event) {
      const std::lock_guard lock(mutex);
      console.write_message(server::to_text(event) + "\n");
    };
  }
  const auto listening = [&](uint16_t port) {
    if (!console.errors_are_terminal()) return;
    const auto scheme = served.http.tls ? "https" : "http";
    console.note("Listening on {}://{}:{}; Ctrl-C ends.", scheme, served.http.host, port);
  };
  const auto read_again = [&]() -> std::optional<server::ServerOptions> {
    if (!take_hang_up()) return std::nullopt;
    return server_options(options);
  };
  catch_hang_ups();
  server::serve(served, {.is_over = interrupted, .read_again = read_again, .listening = listening});
}

constexpr Example kExamples[] = {
    // lint: foreign names: APIs
    {"serve model.gguf", "OpenAI's, Ollama's, Anthropic's and llama-server's APIs on http://127.0.0.1:8080"},
    {"serve chat.gguf minilm.gguf --max-ram 4GB", "several models, each loaded when it is first asked for"},
    {"serve --config server.json --add-key alice", "make an API key"},
    {"serve --config server.json --host 0.0.0.0", "for others, who need a key"},
};

}  // namespace

const Verb serve_verb = make_verb<ServeOptions, run_serve>({
    .name = "serve",
    .group = "Run",
    .summary = "answer requests over HTTP",
    .description =
        "Serves models with the APIs of OpenAI, Ollama, Anthropic and llama-server. Requests are computed together and "
        "share what their prompts have in common; each answer is the one that it would be alone. SIGTERM or Ctrl-C: "
        "what is under way is finished first. SIGHUP: the configuration, certificates and changed models are read "
        "again. "
        "docs/server.md lists endpoints and fields.",
    .examples = kExamples,
});

}  // namespace adze::cli
