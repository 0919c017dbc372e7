// POST /api/create and /api/blobs: models that an operator makes of others, or of files that he sends. For operators.
#include <algorithm>
#include <filesystem>

#include "adapters/adapter_format.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/format.h"
#include "pipeline/quantize.h"
#include "quantize/mix.h"
#include "server/ollama.h"
#include "server/ollama_status.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr size_t kMaxNameBytes = 255;
constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/";

constexpr RequestField kCreateFields[] = {
    {"model"},
    {"name"},
    {"from"},
    {"files"},
    {"adapters"},
    {"template"},
    {"license"},
    {"system"},
    {"parameters"},
    {"messages"},
    {"quantize"},
    {"quantization"},
    {"stream"},
    {"modelfile", FieldUse::refused, "send what it says as fields: from, system, template, parameters …", "\"\""},
    {"path", FieldUse::refused, "send the file to /api/blobs and name it in files", "\"\""},
    {"remote_host", FieldUse::refused, "models are computed here", "\"\""},
    {"renderer", FieldUse::refused, "conversations become prompts by a template (Jinja)", "\"\""},
    {"parser", FieldUse::refused, "answers are read as the template asks for them", "\"\""},
    {"info", FieldUse::refused, "the facts of a model are in its file"},
    {"requires", FieldUse::no_effect},
};

struct Creation {
  std::string name;
  std::optional<std::string> from;
  std::map<std::string, std::string> files;  // digests by name
  std::map<std::string, std::string> adapters;
  std::string files_path, adapter_path;  // in the store
  std::optional<std::string> chat_template;
  const quantize::Mix* mix = nullptr;
  Json preset = Json::object();  // as read_preset() reads it
};

std::string model_to_be(const Fields& fields) {
  auto name = ollama_name(fields);
  constexpr std::string_view kTag = ":latest";  // is left out: requests may say it or not
  if (name.ends_with(kTag)) name.resize(name.size() - kTag.size());
  const bool is_name = !name.empty() && name.size() <= kMaxNameBytes && name.front() != '/' &&
                       name.find_first_not_of(kNameCharacters) == std::string::npos;
  if (!is_name) refuse_field("model", "'{}' is no name for a model", name.substr(0, 100));
  return name;
}

std::map<std::string, std::string> read_digests(const Fields& fields, std::string_view name, ModelStore& store) {
  std::map<std::string, std::string> digests;
  const Json* given = fields.object(name);
  if (!given) return digests;
  for (const auto& [file, digest] : given->items()) {
    if (!digest.is_string()) refuse_field(std::string(name), "the digest of {} must be a string", file);
    store.blob_path(digest.get<std::string>());
    digests.emplace(file, digest.get<std::string>());
  }
  return digests;
}

// A file by itself, or a folder of several.
std::string path_of_files(ModelStore& store, const std::map<std::string, std::string>& files) {
  return files.size() == 1 ? store.blob_path(files.begin()->second) : store.folder_of(files);
}

// Go's actions begin with a keyword or a field; in Jinja neither is an expression.
bool looks_like_go(std::string_view text) {
  for (size_t at = text.find("{{"); at != text.npos; at = text.find("{{", at + 2)) {
    size_t begin = at + 2;
    if (begin < text.size() && text[begin] == '-') ++begin;
    begin = std::min(text.find_first_not_of(" \n\t", begin), text.size());
    const auto action = text.substr(begin);
    for (const std::string_view word : {".", "$", "if ", "range ", "end", "else", "with "}) {
      if (action.starts_with(word)) return true;
    }
  }
  return false;
}

std::optional<std::string> read_template(const Fields& fields) {
  auto source = fields.text("template");
  if (!source || source->empty()) return std::nullopt;
  if (looks_like_go(*source)) {
    refuse_field(
        "template",
        "is in Go's language, which is not interpreted; send a Jinja template, or none: the model's own is used");
  }
  text::ChatTemplate::parse(*source, "template");
  return source;
}

const quantize::Mix* read_mix(const Fields& fields) {
  auto name = fields.text("quantize");
  if (!name) name = fields.text("quantization");
  return name && !name->empty() ? &quantize::mix_named(*name) : nullptr;
}

Creation read_creation(const Json& body, ModelStore& store) {
  const Fields fields(body);
  Creation creation;
  creation.name = model_to_be(fields);
  creation.from = fields.text("from");
  if (creation.from && creation.from->empty()) creation.from.reset();
  creation.files = read_digests(fields, "files", store);
  creation.adapters = read_digests(fields, "adapters", store);
  if (!creation.files.empty()) creation.files_path = path_of_files(store, creation.files);
  if (!creation.adapters.empty()) creation.adapter_path = path_of_files(store, creation.adapters);
  creation.chat_template = read_template(fields);
  creation.mix = read_mix(fields);
  for (const char* name : {"system", "parameters", "messages", "license"}) {
    if (const Json* value = fields.find(name)) creation.preset[name] = *value;
  }
  read_preset(Fields(creation.preset));  // what is wrong is said at once
  if (creation.from.has_value() == !creation.files.empty()) {
    refuse_field("from", "a model is made from another one (from), or from files; say one of them");
  }
  return creation;
}

// By its very name: in a server with one model any name would be right.
ModelSettings settings_of_parent(Service& service, const std::string& from) {
  constexpr std::string_view kTag = ":latest";
  const auto bare = from.ends_with(kTag) ? from.substr(0, from.size() - kTag.size()) : from;
  for (const auto& name : {from, bare}) {
    if (service.models().holds(name)) return service.models().settings(name);
  }
  throw RequestError(404, fmt::format("from: there is no model '{}'; fetch it with /api/pull", from), "from");
}

// Of files: run as the first model is, and by itself.
ModelSettings settings_of_files(const ServiceOptions& options, const std::string& path) {
  ModelSettings settings = options.models.front();
  settings.path = path;
  settings.draft_model.reset();
  settings.template_file.reset();
  settings.adapters.clear();
  settings.applied_adapters.clear();
  settings.preset = {};
  return settings;
}

void remove_quietly(const std::string& path) {
  std::error_code ignored;
  for (const char* end : {"", ".partial", ".journal"}) std::filesystem::remove(path + end, ignored);
}

std::string quantize_into(ModelStore& store, const std::string& source, const quantize::Mix& mix,
                          const ServiceOptions& options, Progress& progress) {
  const auto path = store.temporary_path();
  try {
    pipeline::QuantizeRequest request{
        .source = source, .target = path, .format = "gguf", .type = std::string(mix.name)};
    request.threads = options.models.front().threads;
    auto planned = request;
    planned.dry_run = true;
    uint64_t bytes = 0;
    for (const auto& file : pipeline::quantize(planned).files) bytes += file.bytes;
    if (bytes > store.room())
      fail(ErrorCode::out_of_memory, "the store has room for {} bytes, not {}", store.room(), bytes);
    pipeline::quantize(request, progress);
    return store.blob_path(store.adopt(path));
  } catch (...) {
    remove_quietly(path);
    throw;
  }
}

void apply_adapter(const Creation& creation, ModelSettings& settings) {
  if (creation.adapters.empty()) return;
  AdapterSettings adapter{.name = creation.adapters.begin()->first, .path = creation.adapter_path};
  adapters::read_adapter(adapter.path, formats::read_model(settings.path));
  settings.applied_adapters.push_back(std::move(adapter));
}

void say_layers(const Creation& creation, StatusLines& lines) {
  for (const auto* digests : {&creation.files, &creation.adapters}) {
    for (const auto& [name, digest] : *digests) lines.say("using existing layer " + digest);
  }
  if (creation.chat_template) lines.say("creating template layer");
  for (const auto& [name, value] : creation.preset.items()) lines.say(fmt::format("creating {} layer", name));
}

void create(Service& service, const Creation& creation, StatusLines& lines, const std::stop_token& stop) {
  auto& store = service.store();
  lines.say("reading model metadata");
  ModelSettings settings = creation.from ? settings_of_parent(service, *creation.from)
                                         : settings_of_files(service.options(), creation.files_path);
  settings.name = creation.name;
  settings.preset = read_preset(Fields(creation.preset), settings.preset);
  settings.preset.parent = creation.from.value_or("");
  const auto model = formats::read_model(settings.path);
  if (creation.mix) {
    StatusProgress progress(lines, stop, fmt::format("quantizing model to {}", creation.mix->name), false);
    settings.path = quantize_into(store, settings.path, *creation.mix, service.options(), progress);
  }
  say_layers(creation, lines);
  apply_adapter(creation, settings);
  if (creation.chat_template) settings.template_file = store.blob_path(store.add_text(*creation.chat_template));
  lines.say("writing manifest");
  service.put_model(settings);
}

void receive(ModelStore& store, const std::string& digest, BodyReader& body) {
  const auto upload = store.upload(digest);
  uint64_t room = store.room();
  for (auto piece = body.read(); !piece.empty(); piece = body.read()) {
    if (piece.size() > room) throw RequestError(413, "the store is full; store_bytes of the configuration bounds it");
    room -= piece.size();
    upload->append(piece);
  }
  upload->commit();
}

// What is sent is there already; it is heard to its end, as clients expect.
void hear_to_its_end(BodyReader& body) {
  while (!body.read().empty()) {
  }
}

}  // namespace

void post_ollama_create(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kCreateFields);
  auto creation = read_creation(body, service.store());
  if (service.is_configured(creation.name)) {
    refuse_field("model", "'{}' is a model of the configuration; choose another name", creation.name);
  }
  if (creation.from) settings_of_parent(service, *creation.from);
  exchange->model = creation.name;
  do_with_status(exchange, Fields(body).flag("stream", true),
                 [&service, creation = std::move(creation)](StatusLines& lines, const std::stop_token& stop) {
                   create(service, creation, lines, stop);
                 });
}

void head_ollama_blob(const ExchangePtr& exchange) {
  const bool is_there = exchange->service().store().has_blob(exchange->captured);
  exchange->send_text(is_there ? 200 : 404, {}, {});
}

void post_ollama_blob(const ExchangePtr& exchange) {
  auto& store = exchange->service().store();
  const bool is_there = store.has_blob(exchange->captured);
  const auto work = [exchange, &store, is_there](const std::stop_token&) {
    try {
      auto& body = *exchange->request().reader;
      is_there ? hear_to_its_end(body) : receive(store, exchange->captured, body);
      exchange->send_text(is_there ? 200 : 201, {}, {});
    } catch (const Error& error) {
      exchange->send_error(error);
    } catch (const std::exception& error) {
      exchange->send_error(Error(ErrorCode::internal, error.what()));
    }
  };
  exchange->service().background().start(work);
}

}  // namespace adze::server
