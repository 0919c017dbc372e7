// adze doctor: what this machine has and what Adze makes of it.
#include <fmt/format.h>

#include <cstdlib>

#include "backends/backend.h"
#include "base/cpu_features.h"
#include "base/memory_use.h"
#include "base/this_program.h"
#include "cli/machine_cache.h"
#include "cli/model_cache.h"
#include "cli/progress_bar.h"
#include "cli/report_output.h"
#include "cli/verb.h"
#include "ops/op.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

using report::Cell;

struct DoctorOptions {
  bool measure = false;
  std::optional<int64_t> probe;
  int64_t block_mebibytes = 1024;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.flag(
        "--measure",
        "measure what memory and processor can do at best, a few seconds, and keep it for `adze bench --ops`", measure);
    arguments.option(
        {"--probe", "N", "only read memory with N threads for a moment and show how fast; nothing is kept"}, probe,
        {1, 1024});
    arguments.option({"--block", "MIB", "how much memory --probe reads over and over"}, block_mebibytes, {1, 1 << 20});
    arguments.json_flag(json);
  }
};

struct FeatureName {
  const char* name;
  bool CpuFeatures::* has;
};

constexpr FeatureName kFeatures[] = {
    {"avx2 (with fma, f16c, bmi2)", &CpuFeatures::avx2},
    {"avx512 (f, bw, dq, vl, vnni)", &CpuFeatures::avx512},
    {"avx512_bf16", &CpuFeatures::avx512_bf16},
    {"amx (tile, int8)", &CpuFeatures::amx},
    {"neon", &CpuFeatures::neon},
    {"dotprod", &CpuFeatures::dotprod},
    {"i8mm", &CpuFeatures::i8mm},
};

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const auto& feature : kFeatures) {
    if (cpu_features().*feature.has) names.emplace_back(feature.name);
  }
  return names;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : text; }

report::FactList machine_facts() {
  report::FactList facts;
  facts.add("Processor", "processor", cpu_features().model_name);
  facts.add("Processors usable", "processors_usable", Cell::integer(available_processors()));
  facts.add("Instruction sets", "instruction_sets", or_none(fmt::format("{}", fmt::join(instruction_sets(), ", "))));
  facts.add("Kernels up to", "kernels_up_to", isa_name(active_isa()));
  facts.add("Forced by ADZE_FORCE_ISA", "forced_isa", or_none(environment("ADZE_FORCE_ISA")));
  facts.add("Forced by ADZE_FORCE", "forced_kernels", or_none(environment("ADZE_FORCE")));
  facts.add("Memory", "memory_bytes", Cell::bytes(static_cast<int64_t>(total_memory_bytes())));
  return facts;
}

report::Table backends_table() {
  report::Table table({{"Backend", "name"}, {"Here", "available"}, {"Found", "found"}});
  for (const auto* backend : backends::all_backends()) {
    std::string description;
    const bool available = backend->available(description);
    table.add_row(
        {backend->name, Cell::flag(available).with_style(available ? Style::good : Style::warning), description});
  }
  return table;
}

// Every op with the first kernel that the instruction set allows.
report::Table kernels_table() {
  using report::Align;
  report::Table table({{"Op", "op"},
                       {"Kernels", "all", Align::right},
                       {"Usable here", "usable", Align::right},
                       {"First choice", "first_choice"}});
  const Isa active = active_isa();
  for (const auto* op : ops::all_ops()) {
    int64_t usable = 0;
    std::string_view first;
    for (const auto& kernel : op->kernels) {
      if (isa_includes(active, kernel.isa) && usable++ == 0) first = kernel.name;
    }
    table.add_row({op->name, Cell::integer(static_cast<int64_t>(op->kernels.size())), Cell::integer(usable), first});
  }
  return table;
}

report::Table cache_table() {
  report::Table table({{"Model", "path"}, {"Size", "bytes", report::Align::right}});
  for (const auto& model : cached_models()) table.add_row({model.path, Cell::bytes(model.bytes)});
  return table;
}

Cell rate_cell(double per_second, std::string_view unit) {
  return Cell::shown_as(fmt::format("{:.1f} {}", per_second * 1e-9, unit), per_second);
}

report::Table reads_table(const evaluate::MachineLimits& limits) {
  using report::Align;
  report::Table table({{"Threads", "threads", Align::right},
                       {"Reading", "block_bytes", Align::right},
                       {"At best", "best_bytes_per_second", Align::right},
                       {"Usually", "median_bytes_per_second", Align::right}});
  for (const auto& read : limits.reads) {
    table.add_row({Cell::integer(read.threads), Cell::bytes(read.block_bytes), rate_cell(read.bytes.best, "GB/s"),
                   rate_cell(read.bytes.median, "GB/s")});
  }
  return table;
}

report::Table multiply_adds_table(const evaluate::MachineLimits& limits) {
  using report::Align;
  report::Table table({{"Threads", "threads", Align::right},
                       {fmt::format("8-bit ({})", limits.int8_instruction), "int8_per_second", Align::right},
                       {fmt::format("f32 ({})", limits.f32_instruction), "f32_per_second", Align::right}});
  for (const auto& rate : limits.multiply_adds) {
    table.add_row(
        {Cell::integer(rate.threads), rate_cell(rate.int8.best, "GMAC/s"), rate_cell(rate.f32.best, "GMAC/s")});
  }
  return table;
}

void print_limits(Console& console, const std::optional<evaluate::MachineLimits>& limits) {
  print_heading(console, "Limits");
  if (!limits) {
    console.write("not measured with this processor; `adze doctor --measure` does it\n");
    return;
  }
  print_table(console, reads_table(*limits));
  console.write("\n");
  print_table(console, multiply_adds_table(*limits));
}

void print_report(Console& console) {
  print_heading(console, "Machine", true);
  print_facts(console, machine_facts());
  print_heading(console, "Backends");
  print_table(console, backends_table());
  print_heading(console, "Kernels");
  print_table(console, kernels_table());
  print_limits(console, cached_machine_limits());
  print_heading(console, "Models in the cache");
  const auto models = cache_table();
  if (models.empty()) console.print("none in {}\n", report::printable(model_cache_folder()));
  if (!models.empty()) print_table(console, models);
}

Json report_json() {
  const auto limits = cached_machine_limits();
  return {{"version", program_version()},
          {"machine", machine_facts().to_json()},
          {"backends", backends_table().to_json()},
          {"kernels", kernels_table().to_json()},
          {"limits", limits ? to_json(*limits) : Json()},
          {"model_cache", cache_table().to_json()}};
}

void run_probe(const DoctorOptions& options, Console& console) {
  evaluate::LimitOptions probe;
  probe.threads = {static_cast<unsigned>(*options.probe)};
  probe.block_bytes = {options.block_mebibytes << 20};
  probe.multiply_add_rounds = 0;
  ProgressBar progress(console);
  const auto limits = evaluate::measure_machine(probe, progress);
  const auto table = reads_table(limits);
  options.json ? print_json(console, table.to_json().at(0)) : print_table(console, table);
}

void measure_limits(Console& console) {
  ProgressBar progress(console);
  cache_machine_limits(evaluate::measure_machine(evaluate::usual_limit_options(), progress));
}

void run_doctor(const DoctorOptions& options, Console& console) {
  active_isa();  // a wrong ADZE_FORCE_ISA is refused before anything is shown
  if (options.probe) return run_probe(options, console);
  if (options.measure) measure_limits(console);
  if (options.json) {
    print_json(console, report_json());
  } else {
    print_report(console);
  }
}

constexpr Example kExamples[] = {
    {"doctor", "the processor, its memory, the kernels that will be used, the models in the cache"},
    {"doctor --measure", "also memory bandwidth and peak multiply-adds, kept for `adze bench --ops`"},
    {"doctor --probe 2 --block 256", "how fast two threads read 256 MiB right now"},
    {"doctor --json", "the same for scripts and bug reports"},
};

}  // namespace

const Verb doctor_verb = make_verb<DoctorOptions, run_doctor>({
    .name = "doctor",
    .group = "Know",
    .summary = "show what this machine has and what will be used of it",
    .description = "Shows what Adze finds on this machine: processor, instruction sets, memory, backends, the kernels "
                   "that can run, the measured limits and the models in the cache. ADZE_FORCE_ISA and ADZE_FORCE pin "
                   "kernels for tests.",
    .examples = kExamples,
});

}  // namespace adze::cli
