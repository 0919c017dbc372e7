#include "report/card_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/card_behaviour.h"
#include "report/card_style.h"
#include "report/card_tensors.h"
#include "report/card_values.h"
#include "report/format_quantity.h"
#include "report/html_text.h"

namespace adze::report {
namespace {

std::string tile(const std::string& value, const std::string& label) {
  return fmt::format("<div class=\"tile\"><span>{}</span><b>{}</b></div>", markup_escaped(label),
                     markup_escaped(value));
}

std::string size_tiles(const Json& card) {
  const Json& output = member(card, "output");
  const Json& source = member(card, "source");
  std::string out = tile(format_bytes(whole_number(output, "bytes")), "Size");
  if (const auto bits = number(output, "bits_per_weight")) {
    out += tile(fmt::format("{:.2f}", *bits), "Bits per weight");
  }
  const double before = number(source, "tensor_bytes").value_or(0);
  const double after = number(output, "tensor_bytes").value_or(0);
  if (before > 0 && after > 0) out += tile(fmt::format("{:.1f}×", before / after), "Smaller than its source");
  if (const auto ratio = number(card, "signal_to_noise_db")) {
    out += tile(fmt::format("{:.1f} dB", *ratio), "Weights' signal to noise");
  }
  return out;
}

std::string quality_tiles(const Json& behaviour) {
  std::string out;
  if (const auto mean = number(behaviour, "mean_kl")) out += tile(fmt::format("{:.4f}", *mean), "Mean KL, nats");
  if (const auto ratio = number(behaviour, "perplexity_ratio")) {
    out += tile(fmt::format("{:.4f}", *ratio), "Perplexity, times the original's");
  }
  if (const auto same = number(behaviour, "top_agreement")) {
    out += tile(fmt::format("{:.1f} %", 100 * *same), "Same top token");
  }
  if (const auto mean = number(behaviour, "mean_cosine")) out += tile(fmt::format("{:.5f}", *mean), "Mean cosine");
  if (const auto worst = number(behaviour, "worst_cosine")) out += tile(fmt::format("{:.5f}", *worst), "Worst cosine");
  if (const auto rate = number(behaviour, "tokens_per_second")) out += tile(format_number(*rate), "Tokens/s here");
  return out;
}

std::string heading(const Json& card) {
  const Json& model = member(card, "model");
  const Json& recipe = member(card, "recipe");
  const std::string path = text(member(card, "output"), "path");
  const std::string file = path.substr(path.rfind('/') + 1);
  std::string facts = fmt::format("{} by {}", text(recipe, "type"), text(recipe, "quantizer"));
  if (!text(model, "architecture").empty()) facts += " · " + text(model, "architecture");
  facts += fmt::format(" · {} weights", format_count(number(model, "weights").value_or(0)));
  if (!text(model, "license").empty()) facts += " · licence " + text(model, "license");
  const std::string name = text(model, "name").empty() ? file : text(model, "name");
  return fmt::format("<p class=\"kind\">Quality card</p><h1>{}</h1><p class=\"sub\">{} · <code>{}</code></p>",
                     markup_escaped(name), markup_escaped(facts), markup_escaped(file));
}

std::string fact(const std::string& label, const std::string& value, bool code = false) {
  if (value.empty()) return "";
  const char* open = code ? "<code>" : "";
  const char* close = code ? "</code>" : "";
  return fmt::format("<dt>{}</dt><dd>{}{}{}</dd>", markup_escaped(label), open, markup_escaped(value), close);
}

// One line per file: name, size and sum.
std::string files(const std::string& label, const Json& list) {
  std::string lines;
  for (const Json& file : list) {
    lines += fmt::format("{}<code>{}</code> {}<br><code>{}</code>", lines.empty() ? "" : "<br>",
                         markup_escaped(text(file, "path")), format_bytes(whole_number(file, "bytes")),
                         markup_escaped(text(file, "sha256")));
  }
  return lines.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", markup_escaped(label), lines);
}

std::string settings(const Json& options) {
  std::string words;
  const Json& list = member(options, "settings");
  for (const Json& word : list.is_array() ? list : Json::array()) {
    if (word.is_string()) words += (words.empty() ? "" : ", ") + word.get<std::string>();
  }
  return words;
}

std::string origin(const Json& card) {
  const Json& recipe = member(card, "recipe");
  const Json& tool = member(card, "tool");
  const Json& statistics = member(card, "statistics");
  const std::string path = text(member(card, "output"), "path");
  std::string out =
      "<section><h2>How it was made</h2><p class=\"note\">Enough to make it again. "
      "<code>adze verify</code> does, and compares every byte.</p><dl>";
  out += fact("Type", text(recipe, "type"));
  out += fact("Quantizer", text(recipe, "quantizer"));
  out += fact("Its settings", settings(member(recipe, "options")));
  out += files("Made from", member(member(card, "source"), "files"));
  if (statistics.is_object()) out += files("Activation statistics", Json::array({statistics}));
  out += files("Written", member(member(card, "output"), "files"));
  out += fact("Reproducible", text(member(card, "reproducible"), "note"));
  out += fact("Program", fmt::format("{} {}, {}", text(tool, "name"), text(tool, "version"), text(tool, "isa")));
  out += fact("Its SHA-256", text(tool, "sha256"), true);
  out += fact("Written at", text(card, "written_at"));
  return out + fact("Check it with", "adze verify " + path, true) + "</dl></section>";
}

}  // namespace

std::string card_page(const Json& card) {
  const Json& behaviour = member(card, "behaviour");
  const std::string title = text(member(card, "output"), "path");
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"generator\" content=\"adze\">";
  out += fmt::format("<title>Quality card: {}</title><style>{}</style></head><body><main>\n",
                     markup_escaped(title.substr(title.rfind('/') + 1)), kCardStyle);
  out += heading(card);
  out += "<div class=\"tiles\">" + size_tiles(card) + quality_tiles(behaviour) + "</div>\n";
  out += behaviour_section(card) + "\n" + storage_section(card) + "\n" + layers_section(card) + "\n";
  out += origin(card) + "\n" + all_tensors_section(card);
  out += "<footer>One file, no scripts, nothing fetched. The same figures as JSON lie beside it.</footer>";
  return out + "</main></body></html>\n";
}

}  // namespace adze::report
