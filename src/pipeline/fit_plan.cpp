#include "pipeline/fit_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/memory_use.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "ops/gather_rows/gather_rows.h"
#include "passes/pass.h"
#include "quantize/mix.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"
#include "runtime/session.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {
namespace {

constexpr int64_t kMostUsualContext = 4096;
// Main types of fewer bits a weight are for models trained for them, or for statistics of activations.
constexpr double kLeastUsualBits = 2.5;
constexpr std::array kCaches = {&codecs::f16, &codecs::q8_0, &codecs::q4_0};

// A tensor of which only the size matters. Where kernels look whether rows lie in memory as they are, they do.
class SizeOnly final : public model::TensorSource {
 public:
  explicit SizeOnly(int64_t row_bytes) : row_(static_cast<size_t>(row_bytes)) {}
  std::span<const std::byte> rows(int64_t, int64_t count, std::vector<std::byte>& scratch) const override {
    if (count <= 1) return row_;
    scratch.assign(row_.size() * static_cast<size_t>(count), std::byte{0});
    return scratch;
  }
  std::string where() const override { return "planned"; }

 private:
  std::vector<std::byte> row_;
};

model::Model stored_as(const model::Model& model, const std::vector<quantize::TensorChoice>& choices) {
  model::Model planned = model;
  planned.tensors = {};
  planned.stored_tokenizer = {};
  size_t index = 0;
  for (auto tensor : model.tensors) {
    tensor.storage = choices[index++].storage;
    tensor.source = std::make_shared<SizeOnly>(tensor.row_bytes());
    planned.tensors.add(std::move(tensor));
  }
  return planned;
}

bool is_quantized(const model::Model& model) {
  return std::ranges::any_of(model.tensors, [](const auto& tensor) { return !tensor.storage->is_plain(); });
}

// The share of a weight that one token reads: of stacked experts those that it is sent to.
double share_read(const model::Model& model, const std::string& name) {
  const auto* tensor = model.tensors.find(name);
  if (!tensor || tensor->shape.rank() < 3) return 1;
  const auto all = model.config.find_int("expert_count").value_or(0);
  const auto used = model.config.find_int("expert_used_count").value_or(all);
  return all > 0 ? static_cast<double>(used) / static_cast<double>(all) : 1;
}

int64_t bytes_read_per_token(const runtime::LoadedModel& loaded, const runtime::Plan& plan) {
  double bytes = 0;
  for (const auto& planned : plan.nodes()) {
    const int weight = ops::op_of(*planned.node).packed_input;
    if (weight < 0) continue;
    const auto& tensor = planned.inputs[static_cast<size_t>(weight)].tensor;
    const auto id = planned.node->inputs[static_cast<size_t>(weight)];
    bytes +=
        static_cast<double>(tensor.rows * tensor.row_bytes) * share_read(loaded.model(), loaded.graph().value(id).name);
  }
  return std::llround(bytes);
}

// Weights that are only looked up row by row, as the token embedding: pages of the file that nobody touches take no
// memory.
int64_t looked_up_bytes(const runtime::LoadedModel& loaded, const runtime::Plan& plan) {
  std::map<std::string, int64_t> looked_up;
  std::set<std::string> read;
  for (const auto& planned : plan.nodes()) {
    for (size_t i = 0; i < planned.inputs.size(); ++i) {
      const auto id = planned.node->inputs[i];
      if (id == graph::kNoValue || planned.inputs[i].packed) continue;
      const auto& value = loaded.graph().value(id);
      if (value.origin != graph::ValueOrigin::weight) continue;
      const auto& tensor = planned.inputs[i].tensor;
      const bool is_lookup = planned.node->op == &ops::gather_rows;
      if (is_lookup) looked_up[value.name] = tensor.rows * tensor.row_bytes;
      if (!is_lookup) read.insert(value.name);
    }
  }
  int64_t bytes = 0;
  for (const auto& [name, size] : looked_up) bytes += read.contains(name) ? 0 : size;
  return bytes;
}

/// Plans one form after the other. Nothing is packed: memory is reserved and given back.
class Planner {
 public:
  Planner(const FitRequest& request, FitPlan& plan)
      : request_(request), plan_(plan), threads_(request.threads ? request.threads : available_processors()) {}

  void add_caches(const graph::Graph& graph) {
    for (const auto* codec : kCaches) {
      try {
        const runtime::KvCache cache(graph, &codec->info, plan_.context_tokens);
        plan_.caches.push_back({&codec->info, cache.bytes()});
      } catch (const Error& error) {
        if (error.code() != ErrorCode::unsupported) throw;  // heads that do not divide into its blocks
      }
    }
  }

  void add_form(std::string name, runtime::LoadedModel& loaded) {
    const runtime::KvCache cache(loaded.graph(), &codecs::f16.info, plan_.context_tokens);
    // As a session of `adze run` is made.
    const runtime::Plan plan(loaded.graph(), loaded.weights(), cache,
                             {.max_tokens = std::min(runtime::SessionOptions{}.batch_tokens, plan_.context_tokens),
                              .max_logit_rows = 1,
                              .threads = threads_});
    const auto& tensors = loaded.model().tensors;
    FitForm form{.name = std::move(name)};
    form.tensor_bytes = tensors.byte_size();
    form.bits_per_weight = 8.0 * static_cast<double>(form.tensor_bytes) / static_cast<double>(tensors.element_count());
    form.weight_bytes = static_cast<int64_t>(loaded.weights().owned_bytes());
    const auto mapped = static_cast<int64_t>(loaded.weights().mapped_bytes());
    form.mapped_bytes = mapped - std::min(mapped, looked_up_bytes(loaded, plan));
    form.activation_bytes = static_cast<int64_t>(plan.activation_bytes());
    form.read_bytes = bytes_read_per_token(loaded, plan);
    plan_.forms.push_back(std::move(form));
  }

  void add_mix(const quantize::Mix& mix, const model::Model& model, const quantize::MixRequest& facts) {
    const auto choices = quantize::choose_tensor_types(mix, facts);
    std::vector<StorageType> types;
    for (const auto& choice : choices) types.push_back(choice.storage);
    if (std::ranges::find(types, mix.base) == types.end() || !known_.insert(std::move(types)).second) return;
    runtime::LoadedModel loaded(stored_as(model, choices), request_.activation, request_.weights);
    add_form(std::string(mix.name), loaded);
    FitForm& form = plan_.forms.back();
    for (size_t i = 0; i < choices.size(); ++i) {
      const auto& tensor = facts.tensors[i];
      form.needs_importance |=
          tensor.storage != choices[i].storage && quantize::needs_importance(mix, tensor.name, choices[i].storage);
    }
    form.may_be_best = !form.needs_importance && mix.base->bits_per_weight() >= kLeastUsualBits;
  }

 private:
  const FitRequest& request_;
  FitPlan& plan_;
  unsigned threads_;
  std::set<std::vector<StorageType>> known_;  // types of all tensors, of every mix so far
};

// What the program holds when it has read the model and made its vocabulary, weights aside: this very process.
int64_t program_bytes(const runtime::LoadedModel& loaded) {
  if (loaded.model().tokenizer) static_cast<void>(loaded.tokenizer());
  return static_cast<int64_t>(memory_use().resident_bytes);
}

// A mix that is no smaller than the model makes no sense.
void order_by_size(std::vector<FitForm>& forms) {
  const int64_t as_it_is = forms.front().tensor_bytes;
  forms.erase(std::remove_if(forms.begin() + 1, forms.end(),
                             [&](const FitForm& form) { return form.tensor_bytes >= as_it_is; }),
              forms.end());
  std::ranges::stable_sort(forms.begin() + 1, forms.end(), std::ranges::greater{}, &FitForm::tensor_bytes);
}

void choose(const FitRequest& request, FitPlan& plan) {
  const FitForm* best = nullptr;
  for (size_t f = 0; f < plan.forms.size(); ++f) {
    const auto& form = plan.forms[f];
    if (!form.may_be_best || (best && form.bits_per_weight <= best->bits_per_weight)) continue;
    for (size_t c = 0; c < plan.caches.size(); ++c) {
      if (!plan.fits(form, plan.caches[c], request.memory_bytes)) continue;
      plan.best = {f, c};
      best = &form;
      break;
    }
  }
}

int64_t context_that_fits(const FitRequest& request, const FitPlan& plan) {
  if (plan.caches.empty()) return plan.trained_context;  // nothing grows with it
  const auto smallest = std::ranges::min_element(plan.forms, {}, &FitForm::weight_bytes);
  const auto& form = plan.best ? plan.forms[plan.best->form] : *smallest;
  const auto& cache = plan.best ? plan.caches[plan.best->cache] : plan.caches.back();
  const int64_t room = static_cast<int64_t>(request.memory_bytes) - form.memory_bytes({}, plan.program_bytes);
  if (room <= 0 || cache.bytes == 0) return cache.bytes == 0 && room > 0 ? plan.trained_context : 0;
  constexpr int64_t kPage = runtime::KvCache::kPageTokens;
  const int64_t pages = (plan.context_tokens + kPage - 1) / kPage;
  return std::min(plan.trained_context, room / (cache.bytes / pages) * kPage);
}

}  // namespace

double most_tokens_per_second(const FitForm& form, const FitCache& cache, const FitRequest& request) {
  const int64_t bytes = form.read_bytes + cache.bytes;
  const double rate = request.read_rate && bytes > 0 ? request.read_rate(bytes) : 0;
  return rate > 0 ? rate / static_cast<double>(bytes) : 0;
}

FitPlan plan_fit(const FitRequest& request, Progress& progress) {
  FitPlan plan;
  runtime::LoadedModel loaded(formats::read_model(request.source), request.activation, request.weights);
  const auto& model = loaded.model();
  plan.model_name = model.metadata.find_string("name").value_or("");
  plan.architecture = model.architecture;
  plan.weights = model.tensors.element_count();
  plan.trained_context = loaded.trained_context();
  plan.context_tokens =
      request.context_tokens > 0 ? request.context_tokens : std::min(plan.trained_context, kMostUsualContext);
  plan.program_bytes = program_bytes(loaded);
  Planner planner(request, plan);
  planner.add_caches(loaded.graph());
  planner.add_form("as it is", loaded);
  if (!is_quantized(model)) {
    const auto facts = quantize::mix_request(model);
    const auto mixes = quantize::all_mixes();
    for (size_t i = 0; i < mixes.size(); ++i) {
      throw_if_cancelled(progress);
      progress.update("planning", i, mixes.size());
      planner.add_mix(mixes[i], model, facts);
    }
    order_by_size(plan.forms);
  }
  choose(request, plan);
  plan.most_context = context_that_fits(request, plan);
  return plan;
}

}  // namespace adze::pipeline
