// lint: foreign names: Hugging Face names a kind of position scaling after the models that had it first
#include "formats/hf/rope_scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "base/log.h"
#include "codecs/codec.h"
#include "formats/hf/json_numbers.h"

namespace adze::formats {
namespace {

struct YarnKey {
  const char* canonical;
  const char* hugging_face;
};
constexpr int64_t kMaxRotaryDims = 1 << 16;
constexpr std::array kYarnKeys = {
    YarnKey{"rope.scaling.yarn_ext_factor", "extrapolation_factor"},
    YarnKey{"rope.scaling.yarn_attn_factor", "attention_factor"},
    YarnKey{"rope.scaling.yarn_beta_fast", "beta_fast"},
    YarnKey{"rope.scaling.yarn_beta_slow", "beta_slow"},
};

// Whether the range of pairs that YaRN changes ends at whole numbers; GGUF has no key for it, and its readers do.
constexpr const char* kYarnTruncates = "rope.scaling.yarn_truncate";

// 0.1 times mscale_all_dim, and mscale where it is another.
constexpr const char* kYarnLogMultiplier = "rope.scaling.yarn_log_multiplier";
constexpr const char* kYarnMscale = "rope.scaling.yarn_mscale";

float wavelength_of(size_t pair, double base, int64_t rotary_dims) {
  const float exponent = static_cast<float>(2 * pair) / static_cast<float>(rotary_dims);
  const float frequency = 1.0f / std::pow(static_cast<float>(base), exponent);
  return static_cast<float>(2 * std::numbers::pi) / frequency;
}

// The object with the parameters, wherever this version of the file keeps it; null when there is none. Of layers with
// a window of attention and of those without, the latter's.
const Json& parameters_of(const Json& config) {
  static const Json none;
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_object()) continue;
    const auto full = found->find("full_attention");
    return full != found->end() && full->is_object() ? *full : *found;
  }
  return none;
}

double number_in(const Json& parameters, const char* key, double fallback, const std::string& source) {
  return json_value<double>(parameters, key, fallback, source + ": rope_scaling");
}

void add_factors(std::string_view name, const std::vector<float>& factors, model::Model& model) {
  std::vector<std::byte> bytes(factors.size() * sizeof(float));
  std::memcpy(bytes.data(), factors.data(), bytes.size());
  model.tensors.add(model::owned_tensor(std::string(name), {static_cast<int64_t>(factors.size())}, &codecs::f32.info,
                                        std::move(bytes)));
}

void read_llama3(const Json& parameters, const std::string& source, model::Model& model) {
  const Llama3Scaling defaults;
  Llama3Scaling scaling;
  scaling.factor = number_in(parameters, "factor", defaults.factor, source);
  scaling.low_frequency_factor = number_in(parameters, "low_freq_factor", defaults.low_frequency_factor, source);
  scaling.high_frequency_factor = number_in(parameters, "high_freq_factor", defaults.high_frequency_factor, source);
  scaling.original_context =
      number_in(parameters, "original_max_position_embeddings", defaults.original_context, source);
  const int64_t dims = model.config.require_int("rope.dimension_count");
  if (dims < 2 || dims > kMaxRotaryDims) {
    fail(ErrorCode::bad_input, "{}: {} rotary dimensions per head; must be from 2 to {}", source, dims, kMaxRotaryDims);
  }
  add_factors(kRopeFactors,
              llama3_divisors(scaling, model.config.find_number("rope.freq_base").value_or(10000.0), dims), model);
}

std::vector<float> factors_in(const Json& parameters, const char* key, const std::string& source) {
  const auto found = parameters.find(key);
  const bool numbers = found != parameters.end() && found->is_array() && !found->empty() &&
                       std::ranges::all_of(*found, [](const Json& number) { return number.is_number(); });
  if (!numbers) fail(ErrorCode::bad_input, "{}: rope_scaling: \"{}\" must be a list of numbers", source, key);
  return found->get<std::vector<float>>();
}

double longrope_magnitude(const Json& config, const Json& parameters, double original, const std::string& source) {
  const auto context = static_cast<double>(json_value<int64_t>(config, "max_position_embeddings", 0, source));
  const double usual = context / original;
  const double factor = number_in(parameters, "factor", usual, source);
  if (!(original > 1) || !(factor > 0)) {
    fail(ErrorCode::bad_input, "{}: rope_scaling: original context {} and factor {} do not fit", source, original,
         factor);
  }
  return factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original)) : 1;
}

void set_f32(model::KeyValues& config, const char* key, double value) { config.set(key, static_cast<float>(value)); }

void read_longrope(const Json& config, const Json& parameters, const std::string& source, model::Model& model) {
  constexpr const char* kOriginal = "original_max_position_embeddings";
  const double context = number_in(config, "max_position_embeddings", 0, source);
  const double stated = number_in(config, kOriginal, context, source);
  const double original = number_in(parameters, kOriginal, stated, source);
  const double usual = longrope_magnitude(config, parameters, original, source);
  model.config.set("rope.scaling.original_context_length", static_cast<uint32_t>(original));
  set_f32(model.config, "rope.scaling.attn_factor", number_in(parameters, "attention_factor", usual, source));
  add_factors(kLongFactors, factors_in(parameters, "long_factor", source), model);
  add_factors(kShortFactors, factors_in(parameters, "short_factor", source), model);
}

// Two factors of the magnitude that count together, where no attention_factor stands for both.
std::optional<double> yarn_magnitude(const Json& parameters, const std::string& source) {
  const double factor = number_in(parameters, "factor", 1, source);
  const double above = number_in(parameters, "mscale", 0, source);
  const double below = number_in(parameters, "mscale_all_dim", 0, source);
  if (above == 0 || below == 0 || number_in(parameters, "attention_factor", 0, source) != 0) return std::nullopt;
  const auto magnitude = [&](double scale) { return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1; };
  return magnitude(above) / magnitude(below);
}

// Of latent attention, whose scores grow too. Where both are the same, the second is not stored: readers take the
// first.
void read_yarn_multipliers(const Json& parameters, const std::string& source, model::KeyValues& config) {
  const double all = number_in(parameters, "mscale_all_dim", 0, source);
  if (all == 0) return;
  set_f32(config, kYarnLogMultiplier, 0.1 * all);
  const double rotated = number_in(parameters, "mscale", all, source);
  if (rotated != all) set_f32(config, kYarnMscale, rotated);
}

void read_yarn(const Json& config, const Json& parameters, const std::string& source, model::Model& model) {
  const auto context = json_value<int64_t>(config, "max_position_embeddings", 0, source);
  const auto original = json_value<int64_t>(parameters, "original_max_position_embeddings", context, source);
  model.config.set("rope.scaling.original_context_length", static_cast<uint32_t>(original));
  for (const auto& key : kYarnKeys) {
    if (parameters.contains(key.hugging_face) && !parameters[key.hugging_face].is_null()) {
      set_f32(model.config, key.canonical, number_in(parameters, key.hugging_face, 0, source));
    }
  }
  if (model.config.contains("attention.kv_lora_rank")) {
    read_yarn_multipliers(parameters, source, model.config);
  } else if (const auto magnitude = yarn_magnitude(parameters, source)) {
    set_f32(model.config, "rope.scaling.yarn_attn_factor", *magnitude);
  }
  if (parameters.contains("truncate")) {
    model.config.set(kYarnTruncates, json_value<bool>(parameters, "truncate", true, source + ": rope_scaling"));
  }
}

Json yarn_parameters(const model::KeyValues& config) {
  Json parameters = Json::object();
  if (const auto original = config.find_int("rope.scaling.original_context_length")) {
    parameters["original_max_position_embeddings"] = *original;
  }
  for (const auto& key : kYarnKeys) {
    if (const auto value = config.find_number(key.canonical)) parameters[key.hugging_face] = shortest_double(*value);
  }
  if (const auto multiplier = config.find_number(kYarnLogMultiplier)) {
    const double all = std::round(*multiplier * 1e7) / 1e6;
    parameters["mscale_all_dim"] = all;
    const auto rotated = config.find_number(kYarnMscale);
    parameters["mscale"] = rotated ? shortest_double(*rotated) : all;
  }
  if (const auto truncates = config.find_bool(kYarnTruncates)) parameters["truncate"] = *truncates;
  return parameters;
}

Json llama3_parameters(const model::Model& model) {
  const auto divisors = model::decode_all(model.tensors.at(kRopeFactors));
  const auto scaling = fit_llama3_scaling(divisors, model.config.find_number("rope.freq_base").value_or(10000.0));
  if (!scaling) {
    fail(ErrorCode::unsupported, "{}: '{}' is not a \"llama3\" scaling, and config.json has no other way to express it",
         model.source, kRopeFactors);
  }
  return {{"factor", scaling->factor},
          {"high_freq_factor", scaling->high_frequency_factor},
          {"low_freq_factor", scaling->low_frequency_factor},
          {"original_max_position_embeddings", static_cast<int64_t>(scaling->original_context)},
          {"rope_type", "llama3"}};
}

}  // namespace

std::vector<float> llama3_divisors(const Llama3Scaling& scaling, double base, int64_t rotary_dims) {
  const auto low = static_cast<float>(scaling.low_frequency_factor);
  const auto high = static_cast<float>(scaling.high_frequency_factor);
  const auto context = static_cast<float>(scaling.original_context);
  const auto factor = static_cast<float>(scaling.factor);
  std::vector<float> divisors;
  for (size_t pair = 0; pair < static_cast<size_t>(rotary_dims) / 2; ++pair) {
    const float wavelength = wavelength_of(pair, base, rotary_dims);
    if (wavelength < context / high) {
      divisors.push_back(1);
    } else if (wavelength > context / low) {
      divisors.push_back(factor);
    } else {
      const float smooth = (context / wavelength - low) / (high - low);
      divisors.push_back(1 / ((1 - smooth) / factor + smooth));
    }
  }
  return divisors;
}

// Between the plain ends, 1/divisor = (1-s)/factor + s with s = (context/wavelength - low)/(high - low): a line over
// 1/wavelength. Two of its points give context and high for low = 1; rounding and a recomputation make it sure.
std::optional<Llama3Scaling> fit_llama3_scaling(const std::vector<float>& divisors, double base) {
  if (divisors.empty()) return std::nullopt;
  const auto dims = static_cast<int64_t>(divisors.size()) * 2;
  Llama3Scaling scaling;
  scaling.factor = *std::ranges::max_element(divisors);
  std::vector<std::pair<double, double>> line;  // 1/wavelength, s
  for (size_t pair = 0; pair < divisors.size(); ++pair) {
    if (divisors[pair] <= 1 || divisors[pair] >= scaling.factor) continue;
    const double s = (1.0 / divisors[pair] - 1 / scaling.factor) / (1 - 1 / scaling.factor);
    line.emplace_back(1.0 / wavelength_of(pair, base, dims), s);
  }
  if (line.size() >= 2) {
    const auto [x0, s0] = line.front();
    const auto [x1, s1] = line.back();
    const double slope = (s0 - s1) / (x0 - x1);
    const double offset = slope * x0 - s0;  // low / (high - low)
    scaling.high_frequency_factor = std::round(1 + 1 / offset);
    scaling.original_context = std::round(slope * (scaling.high_frequency_factor - 1));
  }
  const auto again = llama3_divisors(scaling, base, dims);
  const auto close = [](float a, float b) { return std::abs(a - b) <= 1e-5f * std::abs(b); };
  if (!std::ranges::equal(again, divisors, close)) return std::nullopt;
  return scaling;
}

void read_rope_scaling(const Json& config, const std::string& source, model::Model& model) {
  const Json& parameters = parameters_of(config);
  if (!parameters.is_object()) return;
  auto type = json_value<std::string>(parameters, "rope_type", "", source);
  if (type.empty()) type = json_value<std::string>(parameters, "type", "default", source);
  if (type == "default") return;
  if (type == "llama3") return read_llama3(parameters, source, model);
  if (type == "longrope" || type == "su") return read_longrope(config, parameters, source, model);
  if (type == "dynamic") {
    return log_message(LogLevel::warning, source + ": dynamic scaling of positions is not applied; the model's own " +
                                              "context is not stretched");
  }
  if (type != "linear" && type != "yarn") {
    fail(ErrorCode::unsupported, "{}: rope_scaling of type \"{}\"; known are linear, dynamic, yarn, llama3, longrope",
         source, type);
  }
  model.config.set("rope.scaling.type", type);
  set_f32(model.config, "rope.scaling.factor", number_in(parameters, "factor", 1, source));
  if (type == "yarn") read_yarn(config, parameters, source, model);
}

namespace {

Json longrope_parameters(const model::Model& model) {
  const auto list = [&](std::string_view name) {
    Json factors = Json::array();
    for (const float factor : model::decode_all(model.tensors.at(name))) factors.push_back(shortest_double(factor));
    return factors;
  };
  return {{"long_factor", list(kLongFactors)},
          {"rope_type", "longrope"},
          {"short_factor", list(kShortFactors)},
          {"type", "longrope"}};
}

}  // namespace

Json rope_scaling_of(const model::Model& model) {
  const auto type = model.config.find_string("rope.scaling.type").value_or("none");
  if (model.tensors.contains(kLongFactors)) return longrope_parameters(model);
  if (model.tensors.contains(kRopeFactors)) return llama3_parameters(model);
  if (type == "none" || type == "llama3") return nullptr;
  Json parameters = type == "yarn" ? yarn_parameters(model.config) : Json::object();
  parameters["factor"] = shortest_double(model.config.require_number("rope.scaling.factor"));
  parameters["rope_type"] = type;
  return parameters;
}

}  // namespace adze::formats
