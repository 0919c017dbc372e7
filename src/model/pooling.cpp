#include "model/pooling.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace adze::model {
namespace {

constexpr const char* kPoolingType = "pooling_type";
constexpr const char* kNormalize = "normalize_embeddings";

constexpr std::array<std::string_view, 5> kNames = {"none", "mean", "cls", "last", "rank"};

Pooling usual_pooling(const Model& model) {
  if (model.tensors.contains("cls.output.weight")) return Pooling::rank;
  return is_encoder(model) ? Pooling::mean : Pooling::last;
}

}  // namespace

std::span<const std::string_view> pooling_names() { return kNames; }

std::string_view pooling_name(Pooling pooling) { return kNames.at(static_cast<size_t>(pooling)); }

std::optional<Pooling> pooling_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Pooling>(found - kNames.begin());
}

bool is_encoder(const Model& model) { return !model.config.find_bool("attention.causal").value_or(true); }

Pooling pooling_of(const Model& model) {
  const auto stated = model.config.find_int(kPoolingType);
  if (!stated || *stated == -1) return usual_pooling(model);
  if (*stated < 0 || *stated >= static_cast<int64_t>(kNames.size())) {
    fail(ErrorCode::unsupported, "{}: '{}' is {}; known are 0 (none), 1 (mean), 2 (cls), 3 (last), 4 (rank)",
         model.source, kPoolingType, *stated);
  }
  return static_cast<Pooling>(*stated);
}

bool states_pooling(const Model& model) { return model.config.find_int(kPoolingType).value_or(-1) >= 0; }

void set_pooling(Model& model, Pooling pooling) { model.config.set(kPoolingType, static_cast<uint32_t>(pooling)); }

bool normalizes_embeddings(const Model& model) { return model.config.find_bool(kNormalize).value_or(true); }

void set_normalizes_embeddings(Model& model, bool normalizes) { model.config.set(kNormalize, normalizes); }

}  // namespace adze::model
