#include "architectures/setting_words.h"

#include <algorithm>
#include <array>
#include <span>

namespace adze::architectures {
namespace {

constexpr std::array<std::string_view, 79> kComputing = {
    "act",     "activation", "alibi",       "alpha",    "attention", "attn",    "beta",     "bias",       "biases",
    "block",   "blocks",     "cap",         "capping",  "chunk",     "chunked", "clamp",    "clip",       "conv",
    "decay",   "dim",        "dims",        "embd",     "embedding", "eps",     "epsilon",  "expert",     "experts",
    "factor",  "ffn",        "gate",        "gated",    "gating",    "group",   "groups",   "head",       "heads",
    "hidden",  "interleave", "interleaved", "interval", "kv",        "latent",  "layer",    "layernorm",  "layers",
    "local",   "logit",      "logits",      "lora",     "mixer",     "mlp",     "moe",      "multiplier", "mup",
    "nope",    "norm",       "normalize",   "norms",    "parallel",  "pattern", "position", "positions",  "qk",
    "qkv",     "query",      "residual",    "rope",     "rotary",    "router",  "scale",    "scaling",    "scales",
    "sliding", "softcap",    "softcapping", "softmax",  "sparse",    "ssm",     "window"};
constexpr std::array<std::string_view, 10> kTraining = {"checkpointing", "drop",   "dropout", "init",  "initial",
                                                        "initializer",   "jitter", "loss",    "pdrop", "std"};
constexpr std::array<std::string_view, 5> kFactors = {"factor", "multiplier", "scale", "scales", "scaling"};

bool has_word(std::string_view key, std::span<const std::string_view> words) {
  for (size_t begin = 0; begin < key.size();) {
    const size_t end = std::min(key.find_first_of("_.-", begin), key.size());
    if (std::ranges::find(words, key.substr(begin, end - begin)) != words.end()) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

bool is_about_training(std::string_view key) { return has_word(key, kTraining); }
bool is_about_computing(std::string_view key) { return has_word(key, kComputing) && !is_about_training(key); }
bool is_factor(std::string_view key) { return has_word(key, kFactors); }

}  // namespace adze::architectures
