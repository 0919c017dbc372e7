// lint: foreign names: parameters of Ollama
#include "formats/ollama/read_ollama.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "formats/gguf/read_gguf.h"
#include "formats/ollama/modelfile.h"
#include "formats/ollama/ollama_store.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLookedAtBytes = 4096;
constexpr uintmax_t kMaxTextBytes = 8 << 20;  // licences are long, weights are longer
constexpr int64_t kWholeContext = int64_t{1} << 24;

// Ollama's name of a parameter and that of Model::generation. The others are about how Ollama runs a model.
struct Parameter {
  std::string_view ollama;
  std::string_view generation;
  bool is_integer = false;
};
constexpr std::array kParameters = {
    Parameter{"temperature", "temperature"},
    Parameter{"top_k", "top_k", true},
    Parameter{"top_p", "top_p"},
    Parameter{"min_p", "min_p"},
    Parameter{"repeat_penalty", "repetition_penalty"},
    Parameter{"repeat_last_n", "penalty_last_n", true},
    Parameter{"num_predict", "max_new_tokens", true},
    Parameter{"seed", "seed", true},
};

const Parameter* parameter_named(std::string_view name) {
  for (const auto& parameter : kParameters) {
    if (parameter.ollama == name) return &parameter;
  }
  return nullptr;
}

/// What a Modelfile and the layers of a manifest have in common.
struct Description {
  std::string weights;  // path of the GGUF file
  std::optional<std::string> system = {};
  std::vector<std::pair<std::string, std::string>> parameters = {};
  std::vector<std::string> stop = {};
  bool has_template = false;
  std::vector<std::string> adapters = {};
  bool has_messages = false;
};

// ---- manifests

std::string number_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void take_parameters(const std::string& path, Description& description) {
  const Json json = read_json_file(path);
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: the parameters are no JSON object", path);
  for (const auto& [name, value] : json.items()) {
    if (name != "stop") {
      description.parameters.emplace_back(name, number_text(value));
      continue;
    }
    for (const auto& text : value.is_array() ? value : Json::array({value})) {
      if (!text.is_string()) fail(ErrorCode::bad_input, "{}: \"stop\" holds something else than text", path);
      description.stop.push_back(text.get<std::string>());
    }
  }
}

Description describe_manifest(const std::string& path) {
  const Json manifest = read_json_file(path);
  Description description;
  for (const auto& layer : ollama_layers(manifest, path, store_of_manifest(path))) {
    if (layer.kind == "model") {
      if (!description.weights.empty()) {
        fail(ErrorCode::unsupported, "{}: names several files of weights; one GGUF file can be read", path);
      }
      description.weights = layer.path;
    } else if (layer.kind == "params") {
      take_parameters(layer.path, description);
    } else if (layer.kind == "system") {
      description.system = read_text_file(layer.path);
    } else if (layer.kind == "adapter") {
      description.adapters.push_back(layer.path);
    }
    description.has_template = description.has_template || layer.kind == "template";
    description.has_messages = description.has_messages || layer.kind == "messages";
  }
  if (description.weights.empty()) fail(ErrorCode::bad_input, "{}: names no weights", path);
  return description;
}

// ---- Modelfiles

/// A path beside the Modelfile, or a model in the store, as Ollama decides it: by what is there.
Description describe_base(const std::string& from, const std::string& path) {
  const auto beside = fs::path(path).parent_path() / from;
  std::error_code ignored;
  if (fs::is_directory(beside, ignored)) {
    fail(ErrorCode::unsupported, "{}: FROM {} is a folder; write it as a GGUF file first: adze convert {} model.gguf",
         path, from, beside.string());
  }
  if (fs::exists(beside, ignored)) return {.weights = beside.string()};
  const bool is_path = from.starts_with("/") || from.starts_with(".") || from.ends_with(".gguf");
  if (is_path) fail(ErrorCode::not_found, "{}: FROM {}: no such file", path, from);
  return describe_manifest(ollama_manifest_path(from, ollama_store_folder()));
}

Description describe_modelfile(const std::string& path) {
  const auto file = parse_modelfile(read_text_file(path), path);
  Description description = with_context(path, [&] { return describe_base(file.from, path); });
  if (!file.system.empty()) description.system = file.system;
  std::vector<std::string> stop;
  for (const auto& [name, value] : file.parameters) {
    if (name == "stop") {
      stop.push_back(value);
    } else {
      description.parameters.emplace_back(name, value);
    }
  }
  if (!stop.empty()) description.stop = std::move(stop);
  description.has_template = description.has_template || !file.go_template.empty();
  description.has_messages = description.has_messages || !file.messages.empty();
  description.adapters.insert(description.adapters.end(), file.adapters.begin(), file.adapters.end());
  return description;
}

// ---- into the model

double parsed_number(const std::string& name, const std::string& text, const std::string& path) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
  fail(ErrorCode::bad_input, "{}: parameter {} is '{}', which is no number", path, name, text.substr(0, 40));
}

void set_parameter(const Parameter& parameter, const std::string& text, const std::string& path, model::Model& model) {
  const double value = parsed_number(std::string(parameter.ollama), text, path);
  if (parameter.generation == "penalty_last_n" && value < 0) {  // all that was said
    return model.generation.set(std::string(parameter.generation), kWholeContext);
  }
  if (!parameter.is_integer) return model.generation.set(std::string(parameter.generation), value);
  if (value != std::trunc(value) || std::abs(value) > 1e15) {
    fail(ErrorCode::bad_input, "{}: parameter {} is '{}', which is no whole number", path, parameter.ollama, text);
  }
  model.generation.set(std::string(parameter.generation), static_cast<int64_t>(value));
}

void warn_of_what_is_left_out(const Description& description, const model::Model& model, const std::string& path) {
  const auto warn = [&](const std::string& text) { log_message(LogLevel::warning, path + ": " + text); };
  for (const auto& adapter : description.adapters) {
    warn(fmt::format("the adapter {} is not applied: this is the model without it", adapter));
  }
  if (description.has_template && !model.chat_template()) {
    warn("has a template in Go's language only, which is not interpreted; give a Jinja template to chat with it");
  }
  if (description.has_messages) warn("its example messages are left out");
}

Json json_of(const std::string& path) {
  try {
    return read_json_file(path);
  } catch (const Error&) {
    return nullptr;
  }
}

std::string first_bytes(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  std::string bytes(kLookedAtBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(file.gcount()));
  return fs::file_size(path, error) <= kMaxTextBytes && !error ? bytes : std::string();
}

bool is_manifest(const std::string& path) {
  return first_bytes(path).starts_with("{") && is_ollama_manifest(json_of(path));
}

}  // namespace

bool is_ollama(const std::string& path) {
  const auto bytes = first_bytes(path);
  if (bytes.starts_with("{")) return is_manifest(path);
  return !bytes.empty() && looks_like_modelfile(bytes);
}

model::Model read_ollama(const std::string& path, const ReadOptions& options) {
  const auto description = is_manifest(path) ? describe_manifest(path) : describe_modelfile(path);
  if (!is_gguf(description.weights)) {
    fail(ErrorCode::unsupported, "{}: its weights {} are no GGUF file", path, description.weights);
  }
  auto model = read_gguf(description.weights, options);
  for (const auto& [name, value] : description.parameters) {
    if (const auto* parameter = parameter_named(name)) set_parameter(*parameter, value, path, model);
  }
  if (!description.stop.empty()) model.generation.set("stop_strings", description.stop);
  if (description.system) model.generation.set("system_prompt", *description.system);
  warn_of_what_is_left_out(description, model, path);
  return model;
}

}  // namespace adze::formats
