#include "cli/fold_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;
using transforms::Fold;

/// The same place of every layer: numbers between dots become '*'.
std::string without_layers(const std::string& what) {
  std::string text;
  for (size_t i = 0; i < what.size(); ++i) {
    const size_t end = std::min(what.size(), what.find_first_not_of("0123456789", i));
    const bool is_number = end > i && i > 0 && what[i - 1] == '.' && end < what.size() && what[end] == '.';
    text += is_number ? '*' : what[i];
    if (is_number) i = end - 1;
  }
  return text;
}

struct Group {
  std::string what;
  const Fold* first;
  int64_t folds = 0;
  double error_before = 0;
  double error_after = 0;
};

std::vector<Group> groups_of(std::span<const Fold> folds) {
  std::vector<Group> groups;
  for (const auto& fold : folds) {
    const auto what = without_layers(fold.what);
    // Why a place was refused is told apart; how it was folded may differ from layer to layer.
    auto found = std::ranges::find_if(groups, [&](const Group& group) {
      const bool same_reason = fold.done || without_layers(group.first->detail) == without_layers(fold.detail);
      return group.what == what && group.first->transform == fold.transform && group.first->done == fold.done &&
             same_reason;
    });
    if (found == groups.end()) found = groups.insert(groups.end(), Group{what, &fold});
    ++found->folds;
    found->error_before += fold.error_before;
    found->error_after += fold.error_after;
  }
  return groups;
}

Cell error_change(double before, double after) {
  if (!(before > 0)) return Cell::nothing();
  const double share = after / before - 1;
  return Cell::shown_as(fmt::format("{:+.1f} %", 100 * share), share);
}

}  // namespace

std::string transforms_help() {
  std::vector<std::string_view> names;
  for (const auto* transform : transforms::all_transforms()) names.push_back(transform->name);
  return fmt::format(
      "first make the model easier to quantize, its function the same: {}; may be repeated, parameters are set with "
      "--set TRANSFORM.NAME=VALUE",
      fmt::join(names, ", "));
}

report::Table fold_summary(std::span<const Fold> folds) {
  report::Table table({{"Transform", "transform"},
                       {"Where", "what", Align::left, true},
                       {"Folded", "done"},
                       {"Places", "places", Align::right},
                       {"Error", "error_change", Align::right},
                       {"How", "detail", Align::left, true}});
  for (const auto& group : groups_of(folds)) {
    const bool one_way = !group.first->done || group.folds == 1 || group.first->error_before == 0;
    table.add_row({group.first->transform, group.what, Cell::flag(group.first->done), Cell::integer(group.folds),
                   error_change(group.error_before, group.error_after),
                   one_way ? Cell(without_layers(group.first->detail)) : Cell::nothing()});
  }
  return table;
}

report::Table fold_table(std::span<const Fold> folds) {
  report::Table table({{"Transform", "transform"},
                       {"Where", "what", Align::left, true},
                       {"Folded", "done"},
                       {"Error", "error_change", Align::right},
                       {"How", "detail", Align::left, true}});
  for (const auto& fold : folds) {
    table.add_row({fold.transform, fold.what, Cell::flag(fold.done), error_change(fold.error_before, fold.error_after),
                   fold.detail});
  }
  return table;
}

}  // namespace adze::cli
