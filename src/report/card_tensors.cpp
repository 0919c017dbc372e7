#include "report/card_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "report/card_charts.h"
#include "report/card_values.h"
#include "report/format_quantity.h"
#include "report/html_text.h"

namespace adze::report {
namespace {

constexpr const char* kRatio = "signal_to_noise_db";
// The scale of colours: below, a weight has lost most of what it said; above, nobody will notice.
constexpr double kBadDecibels = 10;
constexpr double kGoodDecibels = 45;
constexpr double kMostBits = 16;
constexpr int64_t kMostLayers = 10'000;  // of a name that somebody made up

const Json& tensors_of(const Json& card) {
  static const Json none = Json::array();
  const Json& list = member(card, "tensors");
  return list.is_array() ? list : none;
}

double elements(const Json& tensor) {
  double count = 1;
  for (const Json& dim : member(tensor, "shape")) count *= dim.is_number() ? dim.get<double>() : 1;
  return count;
}

std::string decibels_text(const Json& tensor, const char* key) {
  const auto value = number(tensor, key);
  return value ? fmt::format("{:.1f} dB", *value) : text(tensor, "fidelity");
}

struct TypeSum {
  std::string name;
  int64_t tensors = 0;
  double weights = 0;
  double bytes = 0;
  double worst = std::numeric_limits<double>::infinity();
};

// Most bytes first.
std::vector<TypeSum> sums_by_type(const Json& card) {
  std::map<std::string, TypeSum> sums;
  for (const Json& tensor : tensors_of(card)) {
    TypeSum& sum = sums[text(tensor, "to")];
    sum.name = text(tensor, "to");
    ++sum.tensors;
    sum.weights += elements(tensor);
    sum.bytes += number(tensor, "bytes").value_or(0);
    sum.worst = std::min(sum.worst, number(tensor, kRatio).value_or(sum.worst));
  }
  std::vector<TypeSum> sorted;
  for (const auto& [name, sum] : sums) sorted.push_back(sum);
  std::ranges::stable_sort(sorted, std::greater(), &TypeSum::bytes);
  return sorted;
}

// "blk.12.attn_q.weight": layer 12 of "attn_q"; other names have no layer.
struct Place {
  std::string role;
  std::optional<int64_t> layer;
};
Place place_of(const std::string& name) {
  std::string role = name.ends_with(".weight") ? name.substr(0, name.size() - 7) : name;
  if (!role.starts_with("blk.")) return {role, std::nullopt};
  int64_t layer = 0;
  const char* end = role.data() + role.size();
  const auto [behind, error] = std::from_chars(role.data() + 4, end, layer);
  if (error != std::errc() || behind == end || *behind != '.' || layer < 0 || layer >= kMostLayers) {
    return {role, std::nullopt};
  }
  return {std::string(behind + 1, end), layer};
}

struct RoleRow {
  std::string role;
  std::vector<const Json*> by_layer;  // null: none
};

struct LayerMap {
  std::vector<RoleRow> roles;                              // in the order of the model
  std::vector<std::pair<std::string, const Json*>> alone;  // tensors without a layer
  size_t layers = 0;
};

// Vectors are left out: they are kept as they are and would only be lines of grey.
LayerMap map_of(const Json& card) {
  LayerMap map;
  for (const Json& tensor : tensors_of(card)) {
    const Json& shape = member(tensor, "shape");
    if (!shape.is_array() || shape.size() < 2) continue;
    const Place place = place_of(text(tensor, "name"));
    if (!place.layer) {
      map.alone.emplace_back(place.role, &tensor);
      continue;
    }
    auto row = std::ranges::find(map.roles, place.role, &RoleRow::role);
    if (row == map.roles.end()) row = map.roles.insert(map.roles.end(), RoleRow{place.role, {}});
    const auto index = static_cast<size_t>(*place.layer);
    if (row->by_layer.size() <= index) row->by_layer.resize(index + 1, nullptr);
    row->by_layer[index] = &tensor;
    map.layers = std::max(map.layers, index + 1);
  }
  return map;
}

std::string title_of(const Json& tensor) {
  return fmt::format("{}: {}, {:.2f} bits, {}", text(tensor, "name"), text(tensor, "to"),
                     number(tensor, "bits_per_weight").value_or(0), decibels_text(tensor, kRatio));
}

HeatCell ratio_cell(const Json& tensor) {
  const auto value = number(tensor, kRatio);
  if (!value) return {std::nullopt, title_of(tensor), true};
  return {(*value - kBadDecibels) / (kGoodDecibels - kBadDecibels), title_of(tensor), false};
}

HeatCell bits_cell(const Json& tensor) {
  return {number(tensor, "bits_per_weight").value_or(0) / kMostBits, title_of(tensor), false};
}

std::string heat_map(const LayerMap& map, HeatScale scale, HeatCell (*cell)(const Json&)) {
  std::string out = "<div class=\"heat\">";
  for (const RoleRow& row : map.roles) {
    std::vector<HeatCell> cells(map.layers);
    for (size_t i = 0; i < row.by_layer.size(); ++i) {
      if (row.by_layer[i]) cells[i] = cell(*row.by_layer[i]);
    }
    out += fmt::format("<span>{}</span>{}", markup_escaped(row.role), heat_row(cells, scale));
  }
  if (map.layers > 1) {
    out += fmt::format("<span></span><span class=\"ends\"><span>layer 0</span><span>{}</span></span>", map.layers - 1);
  }
  for (const auto& [role, tensor] : map.alone) {
    out += fmt::format("<span>{}</span>{}", markup_escaped(role), heat_row({cell(*tensor)}, scale));
  }
  return out + "</div>";
}

std::string tensor_row(const Json& tensor, bool with_products) {
  std::string shape;
  for (const Json& dim : member(tensor, "shape")) {
    shape += (shape.empty() ? "" : " × ") + (dim.is_number() ? fmt::format("{}", dim.get<int64_t>()) : "?");
  }
  std::string out = fmt::format(
      "<tr><td><code>{}</code></td><td>{}</td><td>{} → {}</td><td class=\"n\">{}</td><td class=\"n\">{:.2f}</td>"
      "<td class=\"n\">{}</td>",
      markup_escaped(text(tensor, "name")), shape, markup_escaped(text(tensor, "from")),
      markup_escaped(text(tensor, "to")), format_bytes(whole_number(tensor, "bytes")),
      number(tensor, "bits_per_weight").value_or(0), markup_escaped(decibels_text(tensor, kRatio)));
  if (with_products) {
    const auto products = number(tensor, "product_signal_to_noise_db");
    out += fmt::format("<td class=\"n\">{}</td>", products ? fmt::format("{:.1f} dB", *products) : "");
  }
  return out + fmt::format("<td>{}</td></tr>", markup_escaped(text(tensor, "reason")));
}

}  // namespace

std::string storage_section(const Json& card) {
  const auto sums = sums_by_type(card);
  if (sums.empty()) return "";
  std::vector<Share> shares;
  std::string rows;
  for (size_t i = 0; i < sums.size(); ++i) {
    const TypeSum& sum = sums[i];
    shares.push_back({sum.name, sum.bytes, i});
    rows += fmt::format(
        "<tr><td><span class=\"dot c{}\"></span>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}"
        "</td><td class=\"n\">{:.2f}</td><td class=\"n\">{}</td></tr>",
        i % kShareColours, markup_escaped(sum.name), sum.tensors, format_count(sum.weights),
        format_bytes(static_cast<int64_t>(sum.bytes)), sum.weights > 0 ? 8 * sum.bytes / sum.weights : 0,
        std::isfinite(sum.worst) ? fmt::format("{:.1f} dB", sum.worst) : "unchanged");
  }
  return fmt::format(
      "<section><h2>Where the bytes are</h2>{}<div class=\"scroll\"><table><tr><th>Storage type</th><th "
      "class=\"n\">Tensors"
      "</th><th class=\"n\">Weights</th><th class=\"n\">Size</th><th class=\"n\">Bits per weight</th><th class=\"n\">"
      "Worst signal to noise</th></tr>{}</table></div></section>",
      share_bar(shares), rows);
}

std::string layers_section(const Json& card) {
  const LayerMap map = map_of(card);
  if (map.roles.empty() && map.alone.empty()) return "";
  std::string out =
      "<section><h2>Layer by layer</h2><p class=\"note\">Signal to noise of every matrix; each 6 dB more "
      "halve the error.</p>";
  out += heat_map(map, HeatScale::good_to_bad, ratio_cell);
  out += fmt::format(
      "<div class=\"scale\"><span>{:.0f} dB</span><span class=\"ramp bad-good\"></span><span>{:.0f} dB"
      "</span><span>grey: unchanged</span></div>",
      kBadDecibels, kGoodDecibels);
  out += "<p class=\"note\">Bits per weight.</p>" + heat_map(map, HeatScale::amount, bits_cell);
  return out + fmt::format(
                   "<div class=\"scale\"><span>0</span><span class=\"ramp few-many\"></span><span>{:.0f}</span>"
                   "</div></section>",
                   kMostBits);
}

std::string all_tensors_section(const Json& card) {
  const Json& tensors = tensors_of(card);
  if (tensors.empty()) return "";
  const bool with_products = std::ranges::any_of(
      tensors, [](const Json& tensor) { return number(tensor, "product_signal_to_noise_db").has_value(); });
  std::string out = fmt::format(
      "<section><details><summary>All {} tensors</summary><div "
      "class=\"scroll\"><table><tr><th>Tensor</th><th>Shape</th>"
      "<th>Type</th><th class=\"n\">Size</th><th class=\"n\">Bits</th><th class=\"n\">Weights</th>{}<th>Why</th></tr>",
      tensors.size(), with_products ? "<th class=\"n\">Products</th>" : "");
  for (const Json& tensor : tensors) out += tensor_row(tensor, with_products) + "\n";
  return out + "</table></div></details></section>";
}

}  // namespace adze::report
