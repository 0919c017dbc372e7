#include "adapters/gguf_adapter.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "model/derived_tensors.h"

namespace adze::adapters {
namespace {

using model::LowRankChange;
using model::Tensor;

constexpr std::string_view kA = ".lora_a";
constexpr std::string_view kB = ".lora_b";
constexpr std::string_view kNorm = "_norm.weight";
constexpr const char* kType = "adapter.type";
constexpr const char* kAlpha = "adapter.lora.alpha";
constexpr const char* kInvocation = "adapter.alora.invocation_tokens";

// ---- reading

void check_keys(const model::Model& file) {
  if (file.metadata.find_string("type").value_or("") != "adapter") {
    fail(ErrorCode::unsupported, "is no adapter: its general.type is not \"adapter\"");
  }
  const auto type = file.other.find_string(kType).value_or("");
  if (type != "lora") fail(ErrorCode::unsupported, "{} is \"{}\"; only \"lora\" can be read", kType, type);
  if (file.other.contains(kInvocation)) {
    fail(ErrorCode::unsupported, "begins in the middle of a text (aLoRA), which cannot be run here");
  }
}

struct Pair {
  const Tensor* a = nullptr;
  const Tensor* b = nullptr;
};

// The embedding's rows are looked up: its A is the tall one.
LowRankChange change_of(const std::string& weight, const Pair& pair, double alpha) {
  if (!pair.a || !pair.b) fail(ErrorCode::bad_input, "'{}' has half a pair", weight);
  const bool turned = weight == model::kEmbeddingWeight;
  LowRankChange change{
      .weight = weight, .a = turned ? model::transposed(*pair.b) : *pair.a, .b = turned ? *pair.a : *pair.b};
  const int64_t rank = change.b.shape.row_length();
  if (alpha != 0 && rank > 0) change.scale = alpha / static_cast<double>(rank);
  return change;
}

void read_pairs(const model::Model& file, model::Adapter& adapter) {
  std::map<std::string, Pair> pairs;
  for (const Tensor& tensor : file.tensors) {
    const std::string& name = tensor.name;
    if (name.ends_with(kA)) {
      pairs[name.substr(0, name.size() - kA.size())].a = &tensor;
    } else if (name.ends_with(kB)) {
      pairs[name.substr(0, name.size() - kB.size())].b = &tensor;
    } else if (name.ends_with(kNorm)) {
      adapter.replaced.push_back(tensor);
    } else {
      fail(ErrorCode::unsupported, "'{}' is no part of a LoRA adapter", name);
    }
  }
  const double alpha = file.other.find_number(kAlpha).value_or(0);
  for (const auto& [weight, pair] : pairs) adapter.changes.push_back(change_of(weight, pair, alpha));
}

// ---- writing

float alpha_of(const LowRankChange& change) {
  return static_cast<float>(change.scale * static_cast<double>(change.rank()));
}

void refuse_what_gguf_lacks(const model::Adapter& adapter, const model::Model& base) {
  for (const Tensor& tensor : adapter.replaced) {
    fail(ErrorCode::unsupported,
         "the whole '{}': llama.cpp applies pairs only; merge the adapter into the model instead", tensor.name);
  }
  const bool shares_embedding = !base.tensors.contains(model::kOutputWeight);
  for (const LowRankChange& change : adapter.changes) {
    if (change.magnitude) {
      fail(ErrorCode::unsupported,
           "the magnitude of '{}': llama.cpp has no DoRA; merge the adapter into the model instead", change.weight);
    }
    if (shares_embedding && (change.weight == model::kEmbeddingWeight || change.weight == model::kOutputWeight)) {
      fail(
          ErrorCode::unsupported,
          "the change of '{}': embedding and head are one weight in the base model, and llama.cpp cannot change one of "
          "them by itself",
          change.weight);
    }
    const LowRankChange& first = adapter.changes.front();
    if (alpha_of(change) == alpha_of(first)) continue;
    fail(ErrorCode::unsupported, "'{}' has alpha {} and '{}' has {}: GGUF keeps one for all", first.weight,
         alpha_of(first), change.weight, alpha_of(change));
  }
}

model::Model file_of(const model::Adapter& adapter) {
  model::Model file;
  file.format = "gguf";
  file.architecture = adapter.architecture;
  file.metadata.set("type", std::string("adapter"));
  if (!adapter.base_model.empty()) file.metadata.set("base_model.0.name", adapter.base_model);
  if (!adapter.base_model.empty()) file.metadata.set("base_model.count", uint32_t{1});
  file.other.set(kType, std::string("lora"));
  file.other.set(kAlpha, alpha_of(adapter.changes.front()));
  file.key_order = {"general.architecture", "general.type"};
  for (const LowRankChange& change : adapter.changes) {
    const bool turned = change.weight == model::kEmbeddingWeight;
    file.tensors.add(model::renamed(turned ? change.b : change.a, change.weight + std::string(kA)));
    file.tensors.add(model::renamed(turned ? model::transposed(change.a) : change.b, change.weight + std::string(kB)));
  }
  return file;
}

}  // namespace

bool is_gguf_adapter(const std::string& path) { return formats::is_gguf(path); }

model::Adapter read_gguf_adapter(const std::string& path, const model::Model&) {
  const model::Model file = formats::read_gguf(path, {.tokenizer = false});
  model::Adapter adapter{.source = path, .format = "gguf", .architecture = file.architecture};
  with_context(path, [&] {
    check_keys(file);
    adapter.base_model = file.metadata.find_string("base_model.0.name").value_or("");
    read_pairs(file, adapter);
  });
  return adapter;
}

void write_gguf_adapter(const model::Adapter& adapter, const model::Model& base, const std::string& path) {
  if (adapter.changes.empty()) fail(ErrorCode::unsupported, "an adapter in GGUF consists of pairs, and there are none");
  refuse_what_gguf_lacks(adapter, base);
  formats::write_gguf(file_of(adapter), path);
}

}  // namespace adze::adapters
