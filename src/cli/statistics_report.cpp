#include "cli/statistics_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "report/display_width.h"

namespace adze::cli {
namespace {

using model::ActivationStatistics;
using model::InputStatistics;
using report::Align;
using report::Cell;

constexpr size_t kOftenShare = 3;  // of model::kQuantileShares: 99.9 %
constexpr size_t kRareExpertsNamed = 5;

double sum_of(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// 1 where all columns carry the same, near 0 where one carries everything: entropy over its largest value.
double evenness(const std::vector<float>& squares) {
  const double total = sum_of(squares);
  double entropy = 0;
  for (const double square : squares) {
    const double share = total > 0 ? square / total : 0;
    if (share > 0) entropy -= share * std::log2(share);
  }
  return squares.size() > 1 ? entropy / std::log2(static_cast<double>(squares.size())) : 1;
}

// What the largest hundredth of the columns (at least one) carries.
double share_of_largest(std::vector<float> squares) {
  const size_t few = std::max<size_t>(1, squares.size() / 100);
  const double total = sum_of(squares);
  std::partial_sort(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(few), squares.end(), std::greater{});
  squares.resize(few);
  return total > 0 ? sum_of(squares) / total : 0;
}

/// "blk.7.attn_q.weight" -> "blk.6.attn_q.weight"; empty where there is none before.
std::string same_weight_before(std::string_view name) {
  constexpr std::string_view kBlock = "blk.";
  int layer = 0;
  if (!name.starts_with(kBlock)) return "";
  const auto* begin = name.data() + kBlock.size();
  const auto parsed = std::from_chars(begin, name.data() + name.size(), layer);
  if (parsed.ec != std::errc() || layer < 1) return "";
  return fmt::format("blk.{}{}", layer - 1, name.substr(static_cast<size_t>(parsed.ptr - name.data())));
}

Cell likeness_cell(const ActivationStatistics& statistics, const std::string& weight, const std::vector<float>& now) {
  const InputStatistics* before = statistics.find(same_weight_before(weight));
  if (!before || before->square_sums.size() != now.size()) return Cell::nothing();
  const auto old = mean_squares(*before);
  const double product = std::inner_product(now.begin(), now.end(), old.begin(), 0.0);
  const double norms = std::sqrt(std::inner_product(now.begin(), now.end(), now.begin(), 0.0) *
                                 std::inner_product(old.begin(), old.end(), old.begin(), 0.0));
  return norms > 0 ? Cell::number(product / norms, 3) : Cell::nothing();
}

Cell quantile_cell(const InputStatistics& inputs, size_t share) {
  if (share >= inputs.quantiles.size()) return Cell::nothing();
  return Cell::shown_as(fmt::format("{:.3g}", inputs.quantiles[share]), double{inputs.quantiles[share]});
}

}  // namespace

report::FactList statistics_facts(const ActivationStatistics& statistics) {
  report::FactList facts;
  int64_t hessians = 0;
  std::vector<const model::Tensor*> seen;
  for (const auto& [weight, inputs] : statistics.inputs) {
    if (!inputs.hessian || std::find(seen.begin(), seen.end(), inputs.hessian.get()) != seen.end()) continue;
    seen.push_back(inputs.hessian.get());
    hessians += inputs.hessian->byte_size();
  }
  facts.add("Weights", "weights", Cell::integer(static_cast<int64_t>(statistics.inputs.size())));
  facts.add("Texts", "datasets", report::printable(fmt::format("{}", fmt::join(statistics.datasets, ", "))));
  facts.add("Chunks", "chunks", Cell::integer(statistics.chunk_count));
  facts.add("Tokens per chunk", "chunk_tokens",
            statistics.chunk_tokens > 0 ? Cell::integer(statistics.chunk_tokens) : Cell::nothing());
  facts.add("Hessians", "hessians", Cell::integer(static_cast<int64_t>(seen.size())));
  if (hessians > 0) facts.add("Size of Hessians", "hessian_bytes", Cell::bytes(hessians));
  return facts;
}

report::Table statistics_table(const ActivationStatistics& statistics) {
  report::Table table({{"Weight", "name", Align::left, true},
                       {"Columns", "columns", Align::right},
                       {"Experts", "experts", Align::right},
                       {"Mean square", "mean_square", Align::right},
                       {"Evenness", "evenness", Align::right},
                       {"In 1 % of columns", "share_of_largest_columns", Align::right},
                       {"Layer before", "cosine_to_layer_before", Align::right},
                       {"99.9 %", "quantile_999", Align::right},
                       {"Largest", "largest", Align::right}});
  for (const auto& [weight, inputs] : statistics.inputs) {
    const auto squares = mean_squares(inputs);
    const double mean = sum_of(squares) / static_cast<double>(std::max<size_t>(1, squares.size()));
    table.add_row({weight, Cell::integer(inputs.columns), Cell::integer(inputs.matrices()),
                   Cell::shown_as(fmt::format("{:.4g}", mean), mean), Cell::percent(evenness(squares)),
                   Cell::percent(share_of_largest(squares)), likeness_cell(statistics, weight, squares),
                   quantile_cell(inputs, kOftenShare), quantile_cell(inputs, model::kQuantileShares.size() - 1)});
  }
  return table;
}

void warn_of_rare_experts(Console& console, const ActivationStatistics& statistics) {
  const auto rare = experts_with_little_data(statistics, std::max<int64_t>(1, statistics.chunk_tokens));
  if (rare.empty()) return;
  std::vector<std::string> named;
  for (size_t i = 0; i < std::min(rare.size(), kRareExpertsNamed); ++i) {
    named.push_back(
        fmt::format("{} of {} ({} inputs)", rare[i].expert, report::printable(rare[i].weight), rare[i].count));
  }
  console.note("{} {} experts saw little data, so their statistics are rough: {}{}",
               console.styled_message(Style::warning, "warning:"), rare.size(), fmt::join(named, ", "),
               rare.size() > named.size() ? " ..." : "");
}

}  // namespace adze::cli
