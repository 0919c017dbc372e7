#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "quantize/asked_types.h"
#include "quantize/llama_cpp_mixes.h"

namespace adze::quantize {
namespace {

/// The number in "blk.<number>.", or -1.
int64_t layer_in_name(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return -1;
  name.remove_prefix(kPrefix.size());
  int64_t layer = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  return error == std::errc() && end != name.data() + name.size() && *end == '.' ? layer : -1;
}

/// Layers are counted in this order: by layer, then by name, what has no layer first.
std::vector<size_t> counting_order(const std::vector<TensorToStore>& tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t index) {
    return std::tuple(layer_in_name(tensors[index].name), std::string_view(tensors[index].name), index);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  return order;
}

bool layer_matches(Layers layers, int64_t layer, int64_t count) {
  switch (layers) {
    case Layers::all:
      return true;
    case Layers::first_two:
      return layer < 2;
    case Layers::first_four:
      return layer < 4;
    case Layers::first_sixteenth:
      return layer < count / 16;
    case Layers::first_eighth:
      return layer < count / 8;
    case Layers::more_bits:
      return layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2;
    case Layers::inner:
      return layer >= count / 8 && layer < 7 * count / 8;
  }
  return false;
}

class MixChooser {
 public:
  MixChooser(const Mix& mix, const MixRequest& request, const TypeOverrides& overrides)
      : mix_(mix), request_(request), overrides_(overrides), asked_(overrides) {
    for (const TensorToStore& tensor : request.tensors) {
      const TensorCategory category = category_of(tensor.name);
      value_tensor_count_ += category == TensorCategory::attention_v;
      tied_ &= category != TensorCategory::output;
    }
  }

  /// REQUIRES: called once for each tensor, in counting order.
  TensorChoice choose(const TensorToStore& tensor) {
    const std::string_view kept = reason_to_keep(tensor.name, tensor.shape, request_.architecture);
    if (!kept.empty()) return {tensor.storage, fmt::format("kept: {}", kept)};
    if (asked_.keeps(tensor.name)) return {tensor.storage, "kept: as asked for"};
    if (const auto* wanted = asked_.of_ends(tensor.name)) return fit_to_rows(tensor, {wanted, "as asked for"});
    const auto& base = codecs::codec_of(mix_.base);
    if (base.info.is_plain()) return {mix_.base, std::string(mix_.name)};
    if (const auto* wanted = asked_.of_pattern(tensor.name)) return fit_to_rows(tensor, {wanted, "as asked for"});
    return fit_to_rows(tensor, overrides_.pure ? Wanted{&base, "pure"} : by_rules(tensor, base));
  }

 private:
  struct Wanted {
    const codecs::Codec* codec;
    std::string_view reason;
  };

  Wanted by_rules(const TensorToStore& tensor, const codecs::Codec& base) {
    for (const PreciseTensors& precise : tensors_kept_precise()) {
      const bool named = tensor.name.find(precise.name_part) != std::string::npos;
      if (named && precise.architecture == request_.architecture) return {&codecs::q8_0, "kept precise"};
    }
    const TensorCategory category = category_of(tensor.name);
    if (category == TensorCategory::output || (tied_ && category == TensorCategory::token_embedding)) {
      return for_output(tensor, base);
    }
    if (mix_.customs.not_of_experts) return for_experts(tensor, category, base);
    const Wanted wanted = by_mix(tensor, category, base);
    const bool shared = category == TensorCategory::attention_v || category == TensorCategory::attention_k;
    return shared && !mix_.customs.small_shared_tensors ? raised_by_sharing(category, wanted) : wanted;
  }

  Wanted for_output(const TensorToStore& tensor, const codecs::Codec& base) const {
    if (overrides_.output) return {overrides_.output, "as asked for"};
    const bool fits = fits_blocks(base.info, tensor.shape.row_length());
    if (is_multi_query() || !fits || &base == &codecs::q8_0) return {&codecs::q8_0, "produces the logits"};
    return {mix_.customs.output, "produces the logits"};
  }

  Wanted for_experts(const TensorToStore& tensor, TensorCategory category, const codecs::Codec& base) const {
    using enum TensorCategory;
    const size_t rank = tensor.shape.rank();
    const bool stacked = rank > 2 && tensor.shape[rank - 3] > 1;
    const bool feeds_forward = category == ffn_up || category == ffn_gate || category == ffn_down;
    const bool of_experts = stacked && (feeds_forward || request_.architecture != kStackedAttentionArchitecture);
    return of_experts ? Wanted{&base, "experts"} : Wanted{mix_.customs.not_of_experts, "not of experts"};
  }

  Wanted by_mix(const TensorToStore& tensor, TensorCategory category, const codecs::Codec& base) {
    const auto [layer, count] = layer_of(tensor, category);
    for (const MixRule& rule : mix_.rules) {
      if (rule.category == category && model_matches(rule.models) && layer_matches(rule.layers, layer, count)) {
        return {rule.codec, rule.layers == Layers::all ? "matters more" : "matters more in this layer"};
      }
    }
    return {&base, ""};
  }

  /// attention_k and attention_v that many queries or experts share are small, so precision is cheap there.
  Wanted raised_by_sharing(TensorCategory category, const Wanted& wanted) const {
    if (request_.expert_count == 8) return {&codecs::q8_0, "shared by eight experts"};
    const bool low = wanted.codec == &codecs::q4_k || wanted.codec == &codecs::q3_k;
    if (category == TensorCategory::attention_v && low && has_shared_value_heads()) {
      return {&codecs::q5_k, "shared by many heads"};
    }
    return wanted;
  }

  struct Layer {
    int64_t index;
    int64_t count;
  };

  Layer layer_of(const TensorToStore& tensor, TensorCategory category) {
    using enum TensorCategory;
    if (category == attention_v) return {seen_[category]++, value_tensor_count_};
    if (category != ffn_down && category != ffn_gate && category != ffn_up) return {0, 1};
    const int64_t seen = seen_[category]++;
    if (request_.expert_count <= 1 || mix_.customs.layers_by_count) return {seen, request_.layer_count};
    // Experts in tensors of their own are not in order of layers.
    const int64_t layer = layer_in_name(tensor.name);
    if (layer < 0 || layer >= request_.layer_count) {
      fail(ErrorCode::bad_input, "tensor \"{}\" of a model with {} layers does not name its layer (blk.<n>.)",
           tensor.name, request_.layer_count);
    }
    return {layer, request_.layer_count};
  }

  bool is_multi_query() const { return request_.architecture == kMultiQueryArchitecture; }

  bool model_matches(Models models) const {
    switch (models) {
      case Models::all:
        return true;
      case Models::multi_query:
        return is_multi_query();
      case Models::not_multi_query:
        return !is_multi_query();
      case Models::eight_experts:
        return request_.expert_count == 8 && !is_multi_query();
      case Models::grouped_heads:
        return request_.head_count_kv > 0 && request_.head_count / request_.head_count_kv >= 4;
      case Models::four_experts:
        return request_.expert_count >= 4;
      case Models::with_importance:
        return request_.has_importance;
      case Models::without_importance:
        return !request_.has_importance;
    }
    return false;
  }

  bool has_shared_value_heads() const {
    const auto known = models_with_shared_value_heads();
    return std::any_of(known.begin(), known.end(), [&](const SharedValueHeads& one) {
      return one.architecture == request_.architecture &&
             one.layer_count == request_.layer_count - request_.prediction_layer_count &&
             (!one.only_if_heads_are_grouped || request_.head_count != request_.head_count_kv);
    });
  }

  TensorChoice fit_to_rows(const TensorToStore& tensor, const Wanted& wanted) const {
    const int64_t columns = tensor.shape.row_length();
    const codecs::Codec* codec = wanted.codec;
    if (fits_blocks(codec->info, columns)) return {&codec->info, described(wanted)};
    for (const BlockFallback& fallback : block_fallbacks()) {
      if (fallback.codec == codec) codec = fallback.smaller_block;
    }
    if (!fits_blocks(codec->info, columns)) codec = &codecs::f16;
    return {&codec->info,
            fmt::format("fallback: rows of {} do not divide into {} blocks of {}", columns, wanted.codec->info.name,
                        wanted.codec->info.block_elements),
            &wanted.codec->info};
  }

  std::string described(const Wanted& wanted) const {
    return wanted.reason.empty() ? std::string(mix_.name) : fmt::format("{}: {}", mix_.name, wanted.reason);
  }

  const Mix& mix_;
  const MixRequest& request_;
  const TypeOverrides& overrides_;
  const AskedTypes asked_;
  int64_t value_tensor_count_ = 0;
  std::map<TensorCategory, int64_t> seen_;
  bool tied_ = true;  // until an output matrix is seen
};

bool same_name(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return upper(x) == upper(y); });
}

int64_t first_layer_value(const model::KeyValues& config, const char* key, size_t layers, int64_t fallback) {
  const auto values = config.find_ints(key, layers);
  return values && !values->empty() ? values->front() : fallback;
}

}  // namespace

const Mix& mix_named(std::string_view name) {
  for (const MixAlias& alias : mix_aliases()) {
    if (same_name(alias.name, name)) return mix_named(alias.stands_for);
  }
  std::string known;
  for (const Mix& mix : all_mixes()) {
    if (same_name(mix.name, name)) return mix;
    known += (known.empty() ? "" : ", ") + std::string(mix.name);
  }
  fail(ErrorCode::unsupported, "unknown quantization type \"{}\"; known are {}", name, known);
}

MixRequest mix_request(const model::Model& model) {
  MixRequest request;
  for (const model::Tensor& tensor : model.tensors) {
    request.tensors.push_back({tensor.name, tensor.shape, tensor.storage});
  }
  request.architecture = model.architecture;
  request.layer_count = model.config.find_int("block_count").value_or(0);
  request.prediction_layer_count = model.config.find_int("nextn_predict_layers").value_or(0);
  request.expert_count = model.config.find_int("expert_count").value_or(0);
  const auto layers = static_cast<size_t>(std::clamp<int64_t>(request.layer_count, 1, 1 << 16));
  request.head_count = first_layer_value(model.config, "attention.head_count", layers, 0);
  request.head_count_kv = first_layer_value(model.config, "attention.head_count_kv", layers, request.head_count);
  return request;
}

std::vector<TensorChoice> choose_tensor_types(const Mix& mix, const MixRequest& request,
                                              const TypeOverrides& overrides) {
  MixChooser chooser(mix, request, overrides);
  std::vector<TensorChoice> choices(request.tensors.size());
  for (const size_t index : counting_order(request.tensors)) choices[index] = chooser.choose(request.tensors[index]);
  return choices;
}

}  // namespace adze::quantize
