#include "report/card_behaviour.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/card_charts.h"
#include "report/card_values.h"
#include "report/format_quantity.h"
#include "report/html_text.h"

namespace adze::report {
namespace {

std::string estimate(const Json& object, const char* key, const char* error_key, int decimals) {
  const auto value = number(object, key);
  if (!value) return "";
  const auto error = number(object, error_key);
  return error ? fmt::format("{:.{}f} ± {:.{}f}", *value, decimals, *error, decimals)
               : fmt::format("{:.{}f}", *value, decimals);
}

std::string fact(const char* label, const std::string& value) {
  return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", label, markup_escaped(value));
}

std::string with_unit(const std::string& value, const char* unit) { return value.empty() ? "" : value + unit; }

std::string histogram(const Json& behaviour) {
  const Json& edges = member(behaviour, "kl_histogram_edges");
  const Json& counts = member(behaviour, "kl_histogram");
  if (!edges.is_array() || !counts.is_array()) return "";
  std::vector<double> edge_values;
  std::vector<int64_t> count_values;
  for (const Json& edge : edges) edge_values.push_back(edge.is_number() ? edge.get<double>() : 0);
  for (const Json& count : counts) count_values.push_back(count.is_number() ? count.get<int64_t>() : 0);
  if (count_values.empty() || std::ranges::max(count_values) <= 0) return "";
  std::vector<HistogramMark> marks;
  for (const auto& [label, key] :
       {std::pair{"median", "median_kl"}, {"mean", "mean_kl"}, {"99 %", "kl_99"}, {"largest", "largest_kl"}}) {
    if (const auto value = number(behaviour, key)) marks.push_back({label, *value});
  }
  return log_histogram(edge_values, count_values, marks);
}

std::string worst(const Json& behaviour) {
  const Json& list = member(behaviour, "worst_tensors");
  if (!list.is_array() || list.empty()) return "";
  std::string out =
      "<div><h3>Worst tensors</h3><p class=\"note\">Where the products of weights and "
      "the activations on this text are noisiest, in dB of signal to noise.</p><div class=\"scroll\"><table>";
  for (const Json& row : list) {
    const double decibels = number(row, "product_signal_to_noise_db").value_or(0);
    const double filled = std::clamp(100 - decibels * 2, 2.0, 100.0);
    out += fmt::format(
        "<tr><td><code>{}</code></td><td class=\"n\">{:.1f} dB</td><td><span class=\"meter\">"
        "<i style=\"width:{:.0f}%\"></i></span></td></tr>",
        markup_escaped(text(row, "name")), decibels, filled);
  }
  return out + "</table></div></div>";
}

// Of a model that gives vectors.
std::string facts_of_vectors(const Json& behaviour) {
  std::string out = fact("Mean cosine", estimate(behaviour, "mean_cosine", "mean_cosine_error", 6));
  out += fact("Half of the texts are above", estimate(behaviour, "median_cosine", "", 6));
  out += fact("Worst", estimate(behaviour, "worst_cosine", "", 6));
  if (const auto same = number(behaviour, "same_nearest")) {
    out += fact("Same nearest text", fmt::format("{:.1f} %", 100 * *same));
  }
  return out;
}

std::string facts(const Json& behaviour) {
  std::string out = "<dl class=\"pairs\">";
  out += fact("Mean KL divergence", with_unit(estimate(behaviour, "mean_kl", "mean_kl_error", 5), " nats"));
  out += fact("99 % of positions are below", with_unit(estimate(behaviour, "kl_99", "", 4), " nats"));
  out += fact("Largest", with_unit(estimate(behaviour, "largest_kl", "", 4), " nats"));
  out += fact("Perplexity", estimate(behaviour, "perplexity", "perplexity_error", 3));
  out +=
      fact("Perplexity of the original", estimate(behaviour, "reference_perplexity", "reference_perplexity_error", 3));
  out += fact("Ratio of the two", estimate(behaviour, "perplexity_ratio", "perplexity_ratio_error", 4));
  if (const auto same = number(behaviour, "top_agreement")) {
    const double error = number(behaviour, "top_agreement_error").value_or(0);
    out += fact("Same most likely token", fmt::format("{:.2f} ± {:.2f} %", 100 * *same, 100 * error));
  }
  out += facts_of_vectors(behaviour);
  if (const auto rate = number(behaviour, "tokens_per_second")) {
    out += fact("Generating", format_number(*rate) + " tokens/s");
  }
  if (const auto rate = number(behaviour, "prompt_tokens_per_second")) {
    const bool predicts = number(behaviour, "tokens_per_second").has_value();
    out += fact(predicts ? "Reading a prompt" : "Reading texts", format_number(*rate) + " tokens/s");
  }
  if (const auto load = number(behaviour, "load_seconds")) out += fact("Load", format_duration(*load));
  const int64_t context = whole_number(behaviour, "memory_context_tokens");
  const std::string memory = format_bytes(whole_number(behaviour, "memory_bytes"));
  out += fact("Memory while running",
              context > 0 ? fmt::format("{} with a context of {} tokens", memory, context) : memory);
  const Json& machine = member(behaviour, "machine");
  out += fact("Measured on", fmt::format("{}, {}, {} threads", text(machine, "processor"), text(machine, "isa"),
                                         whole_number(machine, "threads")));
  return out + "</dl>";
}

std::string where_measured(const Json& behaviour) {
  const Json& measured = member(behaviour, "text");
  const Json& built_in = member(measured, "built_in");
  std::string out = fmt::format("On {} scored tokens of {}, in chunks of {}.", whole_number(behaviour, "scored_tokens"),
                                markup_escaped(text(measured, "name")), whole_number(measured, "context"));
  if (built_in.is_boolean() && built_in.get<bool>()) {
    out += " That is a short text that comes with adze; <code>--text FILE</code> measures on yours.";
  }
  if (text(behaviour, "activation") == "f32") {
    out += " Activations stayed f32 while quality was measured: the figures are of the weights alone.";
  }
  return out;
}

std::string vectors_section(const Json& behaviour) {
  return fmt::format(
      "<section><h2>How its vectors differ from the original's</h2><p class=\"note\">{} A cosine is 1 where both point "
      "the same way.</p><div class=\"halves\">{}{}</div></section>",
      where_measured(behaviour), facts(behaviour), worst(behaviour));
}

}  // namespace

std::string behaviour_section(const Json& card) {
  const Json& behaviour = member(card, "behaviour");
  if (!behaviour.is_object()) {
    return fmt::format(
        "<section><h2>Behaviour</h2><p class=\"note\">Not measured: {}. <code>adze quantize --card full"
        "</code> measures divergence from the original, speed and memory.</p></section>",
        markup_escaped(text(card, "behaviour_missing")));
  }
  if (number(behaviour, "mean_cosine")) return vectors_section(behaviour);
  return fmt::format(
      "<section><h2>How its predictions differ from the original's</h2><p class=\"note\">{} KL divergence is 0 where "
      "both "
      "predict alike; positions by divergence in nats:</p>{}<div class=\"halves\">{}{}</div></section>",
      where_measured(behaviour), histogram(behaviour), facts(behaviour), worst(behaviour));
}

}  // namespace adze::report
