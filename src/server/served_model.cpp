#include "server/served_model.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "adapters/adapter_format.h"
#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/graph_format.h"
#include "passes/pass.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr int64_t kMaxDefaultContext = 4096;
constexpr int64_t kDefaultRequestsInCache = 4;
constexpr int64_t kBatchTokens = 512;

// Choices come first: requests know them by their numbers.
std::vector<runtime::AppliedAdapter> read_adapters(const ModelSettings& settings, const model::Model& base) {
  std::vector<runtime::AppliedAdapter> adapters;
  const auto read = [&](const AdapterSettings& each) {
    return std::make_shared<model::Adapter>(adapters::read_adapter(each.path, base));
  };
  for (const auto& each : settings.adapters) adapters.push_back({read(each), 1, true});
  for (const auto& each : settings.applied_adapters) adapters.push_back({read(each), each.scale, false});
  return adapters;
}

int64_t cache_bytes(const runtime::LoadedModel& model, const runtime::SessionOptions& session) {
  const runtime::KvCache one_page(model.graph(), session.kv_storage, 1);
  return session.context_tokens * one_page.token_bytes();
}

}  // namespace

void require_files(const ModelSettings& model) {
  std::vector<std::string> paths{model.path};
  if (model.draft_model) paths.push_back(*model.draft_model);
  if (model.template_file) paths.push_back(*model.template_file);
  for (const auto* adapters : {&model.adapters, &model.applied_adapters}) {
    for (const auto& adapter : *adapters) paths.push_back(adapter.path);
  }
  for (const auto& path : paths) {
    if (!std::filesystem::exists(path)) fail(ErrorCode::not_found, "{}: no such file or folder", path);
  }
}

ServedModel::ServedModel(const ModelSettings& settings) : settings_(settings), created_(std::time(nullptr)) {
  formats::graph_format_of(settings.path) ? open_graph() : open_text_model();
}

void ServedModel::open_graph() {
  const auto read = formats::read_graph(settings_.path);
  graph_ = std::make_unique<runtime::GraphSession>(read.graph, read.weights,
                                                   runtime::GraphSessionOptions{.threads = settings_.threads});
}

void ServedModel::open_text_model() {
  auto model = formats::read_model(settings_.path);
  if (const auto pooling = model::pooling_named(settings_.pooling)) set_pooling(model, *pooling);
  const bool is_encoder = model::is_encoder(model);
  if (is_encoder && !settings_.adapters.empty()) {
    fail(ErrorCode::unsupported, "{}: adapters are chosen by requests for text, which this model does not generate",
         settings_.name);
  }
  const auto adapters = read_adapters(settings_, model);
  model_ =
      std::make_shared<runtime::LoadedModel>(std::move(model), passes::activation_policy_named(settings_.activation),
                                             runtime::WeightMemory::packed, passes::default_pipeline(), adapters);
  model_->tokenizer();
  read_template();
  if (!is_encoder) open_engine();
  open_embedder();
  bytes_ += static_cast<int64_t>(model_->weights().owned_bytes());
}

void ServedModel::open_engine() {
  const int64_t trained = model_->trained_context();
  const int64_t wanted = settings_.preset.context_tokens.value_or(settings_.context);
  context_ = wanted > 0 ? wanted : std::min(trained, kMaxDefaultContext);
  runtime::EngineOptions options;
  options.session.threads = settings_.threads;
  options.session.context_tokens =
      settings_.cache_tokens > 0 ? settings_.cache_tokens : context_ * kDefaultRequestsInCache;
  options.session.batch_tokens = kBatchTokens;
  options.session.kv_storage = &codecs::require_codec(settings_.kv).info;
  options.max_running = std::min(settings_.max_running, kBatchTokens);
  context_ = std::min(context_, options.session.context_tokens);
  options.max_request_tokens = context_;
  options.speculation.max_draft_tokens = settings_.draft_tokens;
  options.speculation.draft_model = load_draft_model();
  engine_ = std::make_unique<runtime::Engine>(model_, options);
  bytes_ += cache_bytes(*model_, options.session);
  if (const auto& draft = options.speculation.draft_model) {
    bytes_ += cache_bytes(*draft, options.session) + static_cast<int64_t>(draft->weights().owned_bytes());
  }
}

std::shared_ptr<runtime::LoadedModel> ServedModel::load_draft_model() const {
  if (!settings_.draft_model) return nullptr;
  return std::make_shared<runtime::LoadedModel>(formats::read_model(*settings_.draft_model),
                                                passes::activation_policy_named(settings_.activation));
}

// Of a model that predicts text behind the engine, which has packed the weights that both read; before any request, as
// packing is for one thread.
void ServedModel::open_embedder() {
  const auto pooling = pooling_of(model_->model());
  if (generates() && pooling == model::Pooling::rank) return;
  runtime::EmbedderOptions options;
  options.threads = settings_.threads;
  options.batch_tokens = kBatchTokens;
  options.normalize = normalizes();
  options.context_tokens = context_;
  options.kv_storage = &codecs::require_codec(settings_.kv).info;
  embedder_ = runtime::open_embedder(model_, options);
  context_ = embedder_->longest_text();
}

void ServedModel::read_template() {
  const auto* own = model_->model().chat_template();
  if (settings_.template_file) {
    template_source_ = read_text_file(*settings_.template_file);
  } else if (own) {
    template_source_ = *own;
  } else {
    return;
  }
  template_ =
      text::ChatTemplate::parse(template_source_, settings_.template_file.value_or(settings_.name + ": chat template"));
  tool_format_ = text::tool_format_of(template_source_);
}

const runtime::LoadedModel& ServedModel::loaded() const {
  if (!model_) {
    fail(ErrorCode::unsupported, "{}: the model is a graph of tensors; ask /v2/models/{}/infer", settings_.name,
         settings_.name);
  }
  return *model_;
}

ops::HostValues ServedModel::compute(const std::map<std::string, ops::HostValue>& inputs) {
  const std::lock_guard lock(mutex_);
  return graph_->run(inputs);
}

runtime::Engine& ServedModel::engine() {
  loaded();
  if (!engine_) fail(ErrorCode::unsupported, "{}: the model makes embeddings and generates no text", settings_.name);
  return *engine_;
}

const text::ChatTemplate& ServedModel::chat_template() const {
  if (!template_) {
    fail(ErrorCode::unsupported,
         "{}: the model has no chat template; use a completion, or give it one in the "
         "configuration (\"template\")",
         settings_.name);
  }
  return *template_;
}

bool ServedModel::template_takes_tools() const { return template_source_.find("tools") != std::string::npos; }

std::shared_ptr<const text::TokenTrie> ServedModel::token_trie() {
  const std::lock_guard lock(mutex_);
  if (!token_trie_) token_trie_ = std::make_shared<const text::TokenTrie>(tokenizer());
  return token_trie_;
}

std::vector<ops::AdapterUse> ServedModel::adapter_scales() const {
  const std::lock_guard lock(mutex_);
  return adapter_scales_;
}

void ServedModel::set_adapter_scales(std::vector<ops::AdapterUse> scales) {
  const std::lock_guard lock(mutex_);
  adapter_scales_ = std::move(scales);
}

const runtime::Embedder& ServedModel::embedder() const {
  loaded();
  if (!embedder_) {
    fail(ErrorCode::unsupported, "{}: the model ranks by its logits, and neither that nor embeddings of it are there",
         settings_.name);
  }
  return *embedder_;
}

bool ServedModel::normalizes() const {
  const auto& model = loaded().model();
  return pooling_of(model) != model::Pooling::rank && normalizes_embeddings(model);
}

std::vector<runtime::Embedding> ServedModel::embed(std::span<const runtime::EncoderText> texts) {
  embedder();
  const std::lock_guard lock(embedding_mutex_);
  return embedder_->encode(texts);
}

}  // namespace adze::server
