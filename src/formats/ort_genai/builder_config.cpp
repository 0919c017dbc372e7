// lint: foreign names: ONNX Runtime GenAI, Hugging Face
#include "formats/ort_genai/builder_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "architectures/architecture.h"
#include "base/error.h"
#include "formats/hf/weight_names.h"
#include "formats/onnx/onnx_numbers.h"

namespace adze::formats {
namespace {

constexpr const char* kAdvice = "put the config.json of the model that it was made of into the folder";

/// What is found out here; classes with further settings need config.json.
constexpr std::array<std::string_view, 17> kFoundSettings = {
    "num_hidden_layers", "max_position_embeddings", "hidden_size", "intermediate_size", "num_attention_heads",
    "num_key_value_heads", "rope_theta", "head_dim", "rms_norm_eps", "partial_rotary_factor", "vocab_size",
    "sliding_window",
    // Of experts, which the builder writes for other processors.
    "num_local_experts", "num_experts_per_tok", "bos_token_id", "eos_token_id", "pad_token_id"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

struct FoundClass {
  const architectures::Architecture* architecture;
  const architectures::HuggingFaceClass* type;
};

/// The builder's type is the class without "ForCausalLM", in small letters.
FoundClass class_of(const std::string& type) {
  constexpr std::string_view kEnding = "ForCausalLM";
  for (const auto* architecture : architectures::all_architectures()) {
    for (const auto& known : architecture->hugging_face_classes) {
      const std::string_view name = known.class_name;
      if (name.ends_with(kEnding) && lower(name.substr(0, name.size() - kEnding.size())) == type) {
        return {architecture, &known};
      }
    }
  }
  fail(ErrorCode::unsupported, "genai_config.json: \"type\" \"{}\" is no class that is known; {}", type, kAdvice);
}

const OnnxNode* find_node(const OnnxModel& onnx, std::string_view op) {
  const auto found = std::ranges::find(onnx.graph.nodes, op, &OnnxNode::op);
  return found == onnx.graph.nodes.end() ? nullptr : &*found;
}

template <typename Number>
Number attribute_of(const OnnxNode& node, std::string_view name, Number fallback) {
  const auto found = std::ranges::find(node.attributes, name, &OnnxAttribute::name);
  const auto* number = found == node.attributes.end() ? nullptr : std::get_if<Number>(&found->value);
  return number ? *number : fallback;
}

const OnnxTensor& initializer(const OnnxModel& onnx, std::string_view name) {
  const auto found = std::ranges::find(onnx.graph.initializers, name, &OnnxTensor::name);
  if (found == onnx.graph.initializers.end()) fail(ErrorCode::unsupported, "it has no '{}'; {}", name, kAdvice);
  return *found;
}

/// Tables of cosines and sines by position.
class Angles {
 public:
  explicit Angles(const OnnxModel& onnx)
      : cosines_(model::decode_all(model_tensor_of(initializer(onnx, "cos_cache"), "cos_cache", "cos_cache"))),
        sines_(model::decode_all(model_tensor_of(initializer(onnx, "sin_cache"), "sin_cache", "sin_cache"))) {
    const auto& dims = initializer(onnx, "cos_cache").dims;
    is_narrow_ = initializer(onnx, "cos_cache").type != OnnxType::float32;
    if (dims.size() != 2 || dims[0] < 2 || dims[1] < 1 || sines_.size() != cosines_.size()) {
      fail(ErrorCode::unsupported, "the tables of angles are no two matrices of the same size; {}", kAdvice);
    }
    positions_ = static_cast<size_t>(dims[0]);
    pairs_ = static_cast<size_t>(dims[1]);
    if (std::abs(std::hypot(cosines_[0], sines_[0]) - 1) > 1e-3) {
      fail(ErrorCode::unsupported, "its angles grow with a factor of their own; {}", kAdvice);
    }
  }
  size_t pairs() const { return pairs_; }
  bool is_narrow() const { return is_narrow_; }

  /// How far a step may be from what it should be, relative to it: cosines and sines of 11 bits give angles to 1e-3, of
  /// small ones 1e-3 of themselves, unless their sines are smaller than float16's normal numbers.
  double tolerance(size_t pair) const {
    const double last = static_cast<double>(std::bit_floor(positions_ - 1)) * std::abs(step(pair));
    return is_narrow_ ? std::max(1e-4, std::min(1e-3, 1e-3 / last) + 1e-7 / last) : 1e-4;
  }

  /// The angle of one step: from ever later positions, where it shows better.
  double step(size_t pair) const {
    double step = angle(1, pair);
    for (size_t position = 2; position < positions_; position *= 2) {
      const double expected = step * static_cast<double>(position);
      const double turns = std::round((expected - angle(position, pair)) / (2 * std::numbers::pi));
      step = (angle(position, pair) + turns * 2 * std::numbers::pi) / static_cast<double>(position);
    }
    return step;
  }

 private:
  double angle(size_t position, size_t pair) const {
    const size_t at = position * pairs_ + pair;
    return std::atan2(static_cast<double>(sines_[at]), static_cast<double>(cosines_[at]));
  }

  std::vector<float> cosines_, sines_;
  size_t positions_ = 0, pairs_ = 0;
  bool is_narrow_ = false;  // 16-bit floats
};

/// People write bases with few digits.
double rounded_base(double base, double tolerance) {
  const double digits = std::pow(10, std::floor(std::log10(base)) - 4);
  const double rounded = std::round(base / digits) * digits;
  return std::abs(rounded / base - 1) < tolerance ? rounded : base;
}

/// Of tables in 16-bit floats, where the slow pairs are too coarse: from the quick ones, of which each step is worth as
/// much as it is long.
double base_of_first(const Angles& angles) {
  double sum = 0, weights = 0;
  for (size_t pair = 1; pair < angles.pairs(); ++pair) {
    const double step = angles.step(pair), weight = step * step * static_cast<double>(pair * pair);
    sum += weight * std::log(angles.step(0) / step) / static_cast<double>(pair);
    weights += weight;
  }
  return rounded_base(std::exp(sum / weights * static_cast<double>(angles.pairs())), 5e-5);
}

/// What neighbours of the slowest pairs differ by: where contexts are stretched, these are all stretched alike.
double base_of(const Angles& angles) {
  const size_t last = angles.pairs() - 1;
  if (last < 2) fail(ErrorCode::unsupported, "its heads are too narrow to tell angles from; {}", kAdvice);
  if (angles.is_narrow()) return base_of_first(angles);
  const double ratio = angles.step(last - 1) / angles.step(last);
  if (std::abs(angles.step(last - 2) / angles.step(last - 1) / ratio - 1) > 1e-4) {
    fail(ErrorCode::unsupported, "its angles follow no base; {}", kAdvice);
  }
  return rounded_base(std::pow(ratio, static_cast<double>(angles.pairs())), 1e-5);
}

void add_angles(const OnnxModel& onnx, int64_t head_size, Json& config) {
  const Angles angles(onnx);
  const auto dims = static_cast<double>(2 * angles.pairs());
  const double base = base_of(angles);
  config["rope_theta"] = base;
  if (static_cast<int64_t>(2 * angles.pairs()) != head_size) {
    config["partial_rotary_factor"] = dims / static_cast<double>(head_size);
  }
  for (size_t pair = 0; pair < angles.pairs(); ++pair) {
    const double usual = std::pow(base, -2 * static_cast<double>(pair) / dims);
    const double tolerance = angles.tolerance(pair);
    if (!(std::abs(usual / angles.step(pair) - 1) <= tolerance) || tolerance > 0.5) {
      fail(ErrorCode::unsupported, "its angles are stretched for long contexts; {}", kAdvice);
    }
  }
}

void check_attention(const OnnxNode& attention, int64_t head_size, Json& config) {
  const double usual = 1 / std::sqrt(static_cast<double>(head_size));
  const bool is_plain = std::abs(attribute_of<float>(attention, "scale", 0) / usual - 1) < 1e-5 &&
                        attribute_of<float>(attention, "softcap", 0) == 0 &&
                        attribute_of<int64_t>(attention, "rotary_interleaved", 0) == 0;
  if (!is_plain) fail(ErrorCode::unsupported, "its attention has a scale or a cap of its own; {}", kAdvice);
  const auto window = attribute_of<int64_t>(attention, "local_window_size", -1);
  if (window > 0) config["sliding_window"] = static_cast<uint64_t>(window);
}

/// Processors that have no grouped attention of 16-bit floats get a plain one behind nodes that turn heads; that
/// computes no window.
const OnnxNode* attention_of(const OnnxModel& onnx, const Json& decoder) {
  if (const auto* grouped = find_node(onnx, "GroupQueryAttention")) return grouped;
  const auto* turning = find_node(onnx, "RotaryEmbedding");
  const bool is_plain = turning && attribute_of<int64_t>(*turning, "interleaved", 0) == 0;
  return is_plain && !decoder.contains("sliding_window") ? find_node(onnx, "MultiHeadAttention") : nullptr;
}

/// Constants and flags of a class, which only Hugging Face's files say.
void add_constants(const architectures::Architecture& architecture, const std::vector<model::Tensor>& weights,
                   Json& config) {
  for (const auto& constant : architecture.hugging_face_constants) {
    config[std::string(constant.key)] = Json::parse(constant.value);
  }
  const bool has_biases = std::ranges::any_of(weights, [](const auto& tensor) {
    return tensor.name.ends_with("k_proj.Add.bias") || tensor.name.ends_with("qkv_proj.Add.bias");
  });
  const bool has_mlp_biases =
      std::ranges::any_of(weights, [](const auto& tensor) { return tensor.name.ends_with("up_proj.Add.bias"); });
  for (const auto& flag : architecture.hugging_face_flags) {
    config[std::string(flag.key)] =
        flag.true_weight.find("attn") != std::string_view::npos ? has_biases : has_mlp_biases;
  }
}

void require_found(const architectures::Architecture& architecture, std::string_view class_name) {
  for (const auto& setting : architecture.config) {
    const bool is_found = std::ranges::find(kFoundSettings, setting.hugging_face) != kFoundSettings.end();
    if (!is_found && !setting.hugging_face.empty()) {
      fail(ErrorCode::unsupported, "the graph does not show \"{}\" of {}; {}", setting.hugging_face, class_name,
           kAdvice);
    }
  }
}

int64_t inner_width(const std::vector<model::Tensor>& weights) {
  for (const model::Tensor& tensor : weights) {
    if (tensor.name.find(".mlp.up_proj.") != std::string::npos && tensor.shape.rank() == 2) return tensor.shape[0];
    if (tensor.name.find(".mlp.gate_up_proj.") != std::string::npos && tensor.shape.rank() == 2) {
      return tensor.shape[0] / 2;
    }
  }
  fail(ErrorCode::unsupported, "its graph has no up_proj; {}", kAdvice);
}

void add_sizes(const Json& model, const std::vector<model::Tensor>& weights, Json& config) {
  const auto& decoder = model.at("decoder");
  config["hidden_size"] = decoder.at("hidden_size");
  config["head_dim"] = decoder.at("head_size");
  config["num_attention_heads"] = decoder.at("num_attention_heads");
  config["num_key_value_heads"] = decoder.at("num_key_value_heads");
  config["num_hidden_layers"] = decoder.at("num_hidden_layers");
  config["max_position_embeddings"] = model.at("context_length");
  config["vocab_size"] = model.at("vocab_size");
  config["intermediate_size"] = static_cast<uint64_t>(inner_width(weights));
  for (const char* id : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    if (model.contains(id)) config[id] = model.at(id);
  }
}

}  // namespace

Json builder_generation(const Json& genai) {
  Json made = Json::object();
  const auto take = [&made](const Json& from, const char* name) {
    if (from.contains(name)) made[name] = from.at(name);
  };
  for (const char* id : {"bos_token_id", "eos_token_id", "pad_token_id"}) take(genai.at("model"), id);
  const Json search = genai.value("search", Json::object());
  take(search, "do_sample");
  if (!made.value("do_sample", false)) return made;
  for (const char* setting : {"temperature", "top_k", "top_p", "repetition_penalty"}) take(search, setting);
  return made;
}

Json builder_config(const Json& genai, const OnnxModel& onnx, const std::vector<model::Tensor>& weights) {
  const Json& model = genai.at("model");
  const auto [architecture, type] = class_of(model.at("type").get<std::string>());
  require_found(*architecture, type->class_name);
  Json config;
  config["architectures"] = {type->class_name};
  config["model_type"] = type->model_type;
  add_sizes(model, weights, config);
  const bool has_output =
      std::ranges::any_of(weights, [](const auto& tensor) { return tensor.name.starts_with("model.embed_tokens."); });
  config["tie_word_embeddings"] = !has_output;
  add_constants(*architecture, weights, config);
  const auto* norm = find_node(onnx, "SimplifiedLayerNormalization");
  const auto* attention = attention_of(onnx, model.at("decoder"));
  if (!norm || !attention) {
    fail(ErrorCode::unsupported, "its graph has no SimplifiedLayerNormalization and no attention that is known; {}",
         kAdvice);
  }
  // Of 9.99999975e-06, which is float32's 1e-05, the number that was meant.
  config["rms_norm_eps"] = std::stod(fmt::format("{}", attribute_of<float>(*norm, "epsilon", 1e-5F)));
  const auto head_size = config["head_dim"].get<int64_t>();
  check_attention(*attention, head_size, config);
  add_angles(onnx, head_size, config);
  return config;
}

}  // namespace adze::formats
