#include "cli/outcome_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/display_width.h"

namespace adze::cli {
namespace {

using pipeline::TensorOutcome;
using report::Align;
using report::Cell;

Cell signal_to_noise_cell(double decibels) {
  return std::isfinite(decibels) ? Cell::shown_as(fmt::format("{:.1f} dB", decibels), decibels) : Cell::nothing();
}

Cell steps_cell(double steps) {
  return steps > 0 ? Cell::shown_as(fmt::format("{:.2g}", steps), steps) : Cell::nothing();
}

bool has_other_values(const TensorOutcome& tensor) {
  return tensor.fidelity == pipeline::Fidelity::rounded || tensor.fidelity == pipeline::Fidelity::requantized;
}

struct Group {
  const TensorOutcome* first;
  int64_t tensors = 0;
  int64_t parameters = 0;
  int64_t bytes = 0;
  double worst_signal_to_noise = std::numeric_limits<double>::infinity();
  double max_error_steps = 0;
};

std::vector<Group> groups_of(const std::vector<TensorOutcome>& tensors) {
  std::vector<Group> groups;
  for (const auto& tensor : tensors) {
    auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.first->from == tensor.from && group.first->to == tensor.to &&
             group.first->fidelity == tensor.fidelity;
    });
    if (found == groups.end()) found = groups.insert(groups.end(), Group{&tensor});
    ++found->tensors;
    found->parameters += tensor.shape.element_count();
    found->bytes += tensor.bytes;
    found->max_error_steps = std::max(found->max_error_steps, tensor.max_error_steps);
    if (!has_other_values(tensor)) continue;
    found->worst_signal_to_noise = std::min(found->worst_signal_to_noise, tensor.signal_to_noise);
  }
  return groups;
}

}  // namespace

report::Table outcome_summary(const std::vector<TensorOutcome>& tensors) {
  const auto groups = groups_of(tensors);
  // Only scales and offsets of packed types that were rounded have them.
  const bool with_steps = std::ranges::any_of(groups, [](const Group& group) { return group.max_error_steps > 0; });
  std::vector<report::Column> columns = {{"From", "from"},
                                         {"To", "to"},
                                         {"Values", "fidelity"},
                                         {"Tensors", "tensors", Align::right},
                                         {"Parameters", "parameters", Align::right},
                                         {"Size", "bytes", Align::right},
                                         {"Worst signal to noise", "worst_signal_to_noise_db", Align::right}};
  if (with_steps) columns.push_back({"Steps", "max_error_steps", Align::right});
  report::Table table(columns);
  for (const auto& group : groups) {
    std::vector<Cell> cells = {group.first->from->name,
                               group.first->to->name,
                               pipeline::fidelity_name(group.first->fidelity),
                               Cell::integer(group.tensors),
                               Cell::count(group.parameters),
                               Cell::bytes(group.bytes),
                               signal_to_noise_cell(group.worst_signal_to_noise)};
    if (with_steps) cells.push_back(steps_cell(group.max_error_steps));
    table.add_row(std::move(cells));
  }
  return table;
}

report::Table outcome_table(const std::vector<TensorOutcome>& tensors) {
  report::Table table({{"Tensor", "name", Align::left, true},
                       {"Shape", "shape"},
                       {"From", "from"},
                       {"To", "to"},
                       {"Values", "fidelity"},
                       {"Size", "bytes", Align::right},
                       {"Signal to noise", "signal_to_noise_db", Align::right},
                       {"Largest error", "max_error", Align::right},
                       {"Steps", "max_error_steps", Align::right},
                       {"Why", "reason"}});
  for (const auto& tensor : tensors) {
    const bool rounded = has_other_values(tensor);
    const bool measured = rounded && tensor.max_error > 0;
    table.add_row(
        {tensor.name, tensor.shape.to_string(), tensor.from->name, tensor.to->name,
         pipeline::fidelity_name(tensor.fidelity), Cell::bytes(tensor.bytes),
         rounded ? signal_to_noise_cell(tensor.signal_to_noise) : Cell::nothing(),
         measured ? Cell::shown_as(fmt::format("{:.2e}", tensor.max_error), tensor.max_error) : Cell::nothing(),
         steps_cell(tensor.max_error_steps), tensor.reason.empty() ? Cell::nothing() : Cell(tensor.reason)});
  }
  return table;
}

void warn_of_non_finite_values(Console& console, const std::vector<TensorOutcome>& tensors) {
  int64_t values = 0;
  const TensorOutcome* first = nullptr;
  for (const auto& tensor : tensors) {
    if (tensor.non_finite_values > 0 && !first) first = &tensor;
    values += tensor.non_finite_values;
  }
  if (!first) return;
  console.note("{} the source holds {} values that are no numbers (NaN or infinite), the first in {}",
               console.styled_message(Style::warning, "warning:"), values, report::printable(first->name));
}

}  // namespace adze::cli
