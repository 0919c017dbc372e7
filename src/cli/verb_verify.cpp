// adze verify: whether a model is what its card says.
#include <fmt/format.h>

#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "pipeline/verify.h"
#include "report/table.h"

namespace adze::cli {
namespace {

using pipeline::Verdict;
using report::Cell;

struct VerifyOptions {
  std::string output;
  std::optional<std::string> source;
  std::optional<std::string> statistics;
  bool sums = false;
  int64_t threads = 0;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.required("OUTPUT", "model that `adze quantize` or `adze optimize` wrote, its card beside it", output);
    arguments.option({"--source", "MODEL", "what it was made from; without it, where the card says, or beside OUTPUT"},
                     source);
    arguments.takes_model(source);
    arguments.option({"--imatrix", "FILE", "the activation statistics; the same"}, statistics);
    arguments.flag("--sums", "only compare SHA-256 of files; make nothing again", sums);
    arguments.option({"-t,--threads", "N", "threads; 0: one per usable processor"}, threads, {0, 1024});
    arguments.json_flag(json);
  }
};

report::Style style_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      return report::Style::good;
    case Verdict::different:
      return report::Style::bad;
    case Verdict::not_checked:
      return report::Style::warning;
  }
  return report::Style::plain;
}

// The first digits tell sums apart.
std::string shortened_sum(const std::string& sum) { return sum.size() == 64 ? sum.substr(0, 12) + "…" : sum; }

Cell sum_cell(const std::string& sum) {
  return sum.empty() ? Cell::nothing() : Cell::shown_as(shortened_sum(sum), sum);
}

report::Table verdict_table(const pipeline::VerifyReport& report) {
  report::Table table({{"What", "what", report::Align::left, true},
                       {"Verdict", "verdict"},
                       {"Card", "expected"},
                       {"Here", "found"},
                       {"", "note"}});
  for (const auto& item : report.items) {
    table.add_row({item.what, Cell(pipeline::verdict_name(item.verdict)).with_style(style_of(item.verdict)),
                   sum_cell(item.expected), sum_cell(item.found),
                   item.note.empty() ? Cell::nothing() : Cell(item.note)});
  }
  return table;
}

ExitCode run_verify(const VerifyOptions& options, Console& console) {
  ProgressBar progress(console);
  const auto report = pipeline::verify({.output = options.output,
                                        .source = options.source.value_or(""),
                                        .statistics = options.statistics.value_or(""),
                                        .only_sums = options.sums,
                                        .threads = static_cast<unsigned>(options.threads)},
                                       progress);
  if (options.json) {
    print_json(console, {{"same", report.is_same()},
                         {"files_same", report.are_files_same()},
                         {"remade_same", report.was_made_again ? Json(report.is_remade_same()) : Json()},
                         {"made_again", report.was_made_again},
                         {"seconds", report.seconds},
                         {"items", verdict_table(report).to_json()}});
  } else {
    print_table(console, verdict_table(report));
    const auto words = [](bool is_same) { return is_same ? "the same" : "different"; };
    console.print("\nfiles: {}\n", words(report.are_files_same()));
    console.print("made again from its source: {}\n", report.was_made_again ? words(report.is_remade_same()) : "no");
  }
  return report.is_same() ? kSuccess : kFailure;
}

constexpr Example kExamples[] = {
    {"verify small.gguf", "make it again from the source that its card names, and compare every byte"},
    {"verify small.gguf --source model.gguf", "the source is somewhere else now"},
    {"verify small.gguf --sums", "only whether files are still what they were"},
};

}  // namespace

const Verb verify_verb = make_verb<VerifyOptions, run_verify>({
    .name = "verify",
    .group = "Measure",
    .summary = "check that a model is what its quality card says",
    .description = "Compares SHA-256 of a model, its source and its statistics with those in its card, then makes the "
                   "model again from its source, without writing it, and compares that too. Ends with 0 where nothing "
                   "differs, with 1 where something does and says what.",
    .examples = kExamples,
});

}  // namespace adze::cli
