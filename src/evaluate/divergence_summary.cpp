#include "evaluate/divergence_summary.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace adze::evaluate {
namespace {

constexpr int kFirstEdgeThirds = -18;  // 10^(-18 / 3)
constexpr int kLastEdgeThirds = 3;

// One list of members for both directions.
template <typename Summary, typename Visit>
void for_each_member(Summary& summary, const Visit& visit) {
  visit("mean_kl", summary.mean.value);
  visit("mean_kl_error", summary.mean.error);
  visit("median_kl", summary.median);
  visit("kl_90", summary.quantile_90);
  visit("kl_99", summary.quantile_99);
  visit("largest_kl", summary.largest);
  visit("perplexity", summary.perplexity.value);
  visit("perplexity_error", summary.perplexity.error);
  visit("reference_perplexity", summary.reference_perplexity.value);
  visit("reference_perplexity_error", summary.reference_perplexity.error);
  visit("perplexity_ratio", summary.perplexity_ratio.value);
  visit("perplexity_ratio_error", summary.perplexity_ratio.error);
  visit("top_agreement", summary.top_agreement.value);
  visit("top_agreement_error", summary.top_agreement.error);
  visit("kl_left_out", summary.left_out.value);
  visit("kl_left_out_error", summary.left_out.error);
  visit("scored_tokens", summary.scored_tokens);
  visit("chunks", summary.chunks);
  visit("kl_histogram", summary.histogram);
}

}  // namespace

std::vector<double> histogram_edges() {
  std::vector<double> edges;
  for (int thirds = kFirstEdgeThirds; thirds <= kLastEdgeThirds; ++thirds) edges.push_back(std::pow(10, thirds / 3.0));
  return edges;
}

DivergenceSummary summary_of(const DivergenceResult& result) {
  DivergenceSummary summary;
  summary.mean = {result.mean_divergence(), result.mean_divergence_error()};
  summary.median = result.divergence_quantile(0.5);
  summary.quantile_90 = result.divergence_quantile(0.9);
  summary.quantile_99 = result.divergence_quantile(0.99);
  summary.largest = result.divergence_quantile(1);
  summary.perplexity = {result.candidate.perplexity(), result.candidate.perplexity_error()};
  summary.reference_perplexity = {result.reference.perplexity(), result.reference.perplexity_error()};
  summary.perplexity_ratio = {result.perplexity_ratio(), result.perplexity_ratio_error()};
  summary.top_agreement = {result.top_agreement(), result.top_agreement_error()};
  summary.left_out = {result.left_out, result.left_out_error};
  summary.scored_tokens = result.candidate.tokens;
  summary.chunks = result.chunks;
  const auto edges = histogram_edges();
  summary.histogram.assign(edges.size() + 1, 0);
  for (const double value : result.divergences) {
    ++summary.histogram[static_cast<size_t>(std::ranges::upper_bound(edges, value) - edges.begin())];
  }
  return summary;
}

Json to_json(const DivergenceSummary& summary) {
  Json json = Json::object();
  for_each_member(summary, [&](const char* key, const auto& value) { json[key] = value; });
  return json;
}

DivergenceSummary summary_from_json(const Json& json, const std::string& source) {
  DivergenceSummary summary;
  for_each_member(summary, [&](const char* key, auto& value) {
    if (!json.contains(key)) fail(ErrorCode::bad_input, "{}: \"{}\" is missing", source, key);
    value = json_value(json, key, value, source);
  });
  return summary;
}

}  // namespace adze::evaluate
