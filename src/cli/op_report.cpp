#include "cli/op_report.h"

#include <fmt/format.h>

namespace adze::cli {
namespace {

using evaluate::OpTime;
using report::Cell;

Cell text_or_nothing(const std::string& text) { return text.empty() ? Cell::nothing() : Cell(text); }

Cell rate_cell(double amount, double seconds) {
  if (!(seconds > 0)) return Cell::nothing();
  return Cell::shown_as(fmt::format("{:.1f}", amount / seconds * 1e-9), amount / seconds);
}

Cell part_cell(double amount, double seconds, double ceiling) {
  if (!(seconds > 0) || !(ceiling > 0)) return Cell::nothing();
  const double part = amount / seconds / ceiling;
  return Cell::shown_as(fmt::format("{:.0f} %", part * 100), part);
}

std::vector<Cell> row_of(const OpTime& time, double total, const Ceiling& ceiling) {
  const double peak = time.int8 ? ceiling.int8_per_second : ceiling.f32_per_second;
  return {text_or_nothing(time.node),
          time.op,
          time.kernel,
          text_or_nothing(time.weight),
          Cell::integer(time.nodes),
          Cell::seconds(time.seconds),
          Cell::shown_as(fmt::format("{:.1f} %", total > 0 ? time.seconds / total * 100 : 0.0),
                         total > 0 ? time.seconds / total : 0.0),
          Cell::bytes(static_cast<int64_t>(time.cost.bytes)),
          rate_cell(time.cost.bytes, time.seconds),
          part_cell(time.cost.bytes, time.seconds, ceiling.bytes_per_second),
          Cell::count(static_cast<int64_t>(time.cost.multiply_adds)),
          rate_cell(time.cost.multiply_adds, time.seconds),
          part_cell(time.cost.multiply_adds, time.seconds, peak)};
}

OpTime total_of(const std::vector<OpTime>& times) {
  OpTime total;
  total.op = "all";
  for (const OpTime& time : times) {
    total.nodes += time.nodes;
    total.seconds += time.seconds;
    total.cost.bytes += time.cost.bytes;
    total.cost.multiply_adds += time.cost.multiply_adds;
    total.int8 |= time.int8;
  }
  return total;
}

}  // namespace

Ceiling ceiling_for(const std::optional<evaluate::MachineLimits>& limits, unsigned threads, int64_t weight_bytes) {
  Ceiling ceiling;
  if (!limits) return ceiling;
  if (const auto* read = limits->read_rate(threads, weight_bytes)) ceiling.bytes_per_second = read->bytes.best;
  if (const auto* rate = limits->multiply_add_rate(threads)) {
    ceiling.int8_per_second = rate->int8.best;
    ceiling.f32_per_second = rate->f32.best;
  }
  return ceiling;
}

report::Table op_table(const std::vector<OpTime>& times, const Ceiling& ceiling) {
  using report::Align;
  report::Table table({{"Node", "node"},
                       {"Op", "op"},
                       {"Kernel", "kernel"},
                       {"Weight", "weight"},
                       {"Nodes", "nodes", Align::right},
                       {"Time", "seconds", Align::right},
                       {"Share", "share", Align::right},
                       {"Bytes", "bytes", Align::right},
                       {"GB/s", "bytes_per_second", Align::right},
                       {"of limit", "part_of_bandwidth", Align::right},
                       {"Mult-adds", "multiply_adds", Align::right},
                       {"GMAC/s", "multiply_adds_per_second", Align::right},
                       {"of peak", "part_of_peak", Align::right}});
  const OpTime total = total_of(times);
  for (const OpTime& time : times) table.add_row(row_of(time, total.seconds, ceiling));
  table.add_row(row_of(total, total.seconds, ceiling));
  return table;
}

}  // namespace adze::cli
