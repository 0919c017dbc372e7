// adze doctor: what this machine has and what Adze makes of it.
#include <fmt/format.h>

#include <cstdlib>

#include "backends/backend.h"
#include "base/cpu_features.h"
#include "base/memory_use.h"
#include "cli/json_report.h"
#include "cli/model_cache.h"
#include "cli/text_table.h"
#include "cli/verb.h"
#include "ops/op.h"

namespace adze::cli {
namespace {

struct DoctorOptions {
  bool json = false;

  void declare(Arguments& arguments) { arguments.json_flag(json); }
};

struct FeatureName {
  const char* name;
  bool CpuFeatures::* has;
};

constexpr FeatureName kFeatures[] = {
    {"avx2 (with fma, f16c, bmi2)", &CpuFeatures::avx2},
    {"avx512 (f, bw, dq, vl, vnni)", &CpuFeatures::avx512},
    {"avx512_bf16", &CpuFeatures::avx512_bf16},
    {"neon", &CpuFeatures::neon},
    {"dotprod", &CpuFeatures::dotprod},
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

// Every op with the best kernel that the instruction set allows.
struct OpKernels {
  std::string_view op;
  std::string_view best;
  size_t usable;
  size_t all;
};

std::vector<OpKernels> kernels_here() {
  std::vector<OpKernels> list;
  const Isa active = active_isa();
  for (const auto* op : ops::all_ops()) {
    OpKernels kernels{op->name, {}, 0, op->kernels.size()};
    for (const auto& kernel : op->kernels) {
      if (!isa_includes(active, kernel.isa)) continue;
      if (kernels.usable++ == 0) kernels.best = kernel.name;
    }
    list.push_back(kernels);
  }
  return list;
}

void print_machine(Console& console) {
  console.print("{}\n", console.styled(Style::heading, "Machine"));
  const auto sets = instruction_sets();
  const std::string forced = environment("ADZE_FORCE_ISA");
  print_facts(
      console,
      {
          {"Processor", printable(cpu_features().model_name, 72)},
          {"Processors usable", fmt::format("{}", available_processors())},
          {"Instruction sets", sets.empty() ? "none beyond the baseline" : fmt::format("{}", fmt::join(sets, ", "))},
          {"Kernels up to",
           fmt::format("{}{}", isa_name(active_isa()), forced.empty() ? "" : " (forced by ADZE_FORCE_ISA)")},
          {"Forced kernels", environment("ADZE_FORCE").empty() ? "none" : printable(environment("ADZE_FORCE"), 72)},
          {"Memory", bytes_text(static_cast<double>(total_memory_bytes()))},
      });
}

void print_backends(Console& console) {
  print_heading(console, "Backends");
  Facts facts;
  for (const auto* backend : backends::all_backends()) {
    std::string description;
    const bool available = backend->available(description);
    facts.emplace_back(std::string(backend->name), (available ? "" : "not available: ") + printable(description, 90));
  }
  print_facts(console, facts);
}

void print_kernels(Console& console) {
  print_heading(console, "Kernels");
  TextTable table({{"op"}, {"usable", Align::right}, {"in all", Align::right}, {"first choice"}});
  for (const auto& kernels : kernels_here()) {
    table.add_row({std::string(kernels.op), fmt::format("{}", kernels.usable), fmt::format("{}", kernels.all),
                   std::string(kernels.best)});
  }
  table.print(console);
}

void print_cache(Console& console) {
  print_heading(console, "Models in the cache");
  const auto files = cached_models();
  if (files.empty()) console.print("  none in {}\n", printable(model_cache_folder()));
  Facts facts;
  for (const auto& file : files) facts.emplace_back(printable(file.path), bytes_text(static_cast<double>(file.bytes)));
  print_facts(console, facts);
}

Json machine_json() {
  return {{"processor", cpu_features().model_name},      {"processors_usable", available_processors()},
          {"instruction_sets", instruction_sets()},      {"kernels_up_to", isa_name(active_isa())},
          {"forced_isa", environment("ADZE_FORCE_ISA")}, {"forced_kernels", environment("ADZE_FORCE")},
          {"memory_bytes", total_memory_bytes()}};
}

Json report_json() {
  Json backends = Json::array();
  for (const auto* backend : backends::all_backends()) {
    std::string description;
    const bool available = backend->available(description);
    backends.push_back({{"name", backend->name}, {"available", available}, {"description", description}});
  }
  Json kernels = Json::array();
  for (const auto& op : kernels_here()) {
    kernels.push_back({{"op", op.op}, {"usable", op.usable}, {"all", op.all}, {"first_choice", op.best}});
  }
  Json models = Json::array();
  for (const auto& file : cached_models()) models.push_back({{"path", file.path}, {"bytes", file.bytes}});
  return {{"version", ADZE_VERSION},
          {"machine", machine_json()},
          {"backends", backends},
          {"kernels", kernels},
          {"model_cache", models}};
}

void run_doctor(const DoctorOptions& options, Console& console) {
  active_isa();  // a wrong ADZE_FORCE_ISA is refused before anything is shown
  if (options.json) {
    print_json(console, report_json());
    return;
  }
  print_machine(console);
  print_backends(console);
  print_kernels(console);
  print_cache(console);
}

constexpr Example kExamples[] = {
    {"doctor", "the processor, its memory, the kernels that will be used, the models in the cache"},
    {"doctor --json", "the same for scripts and bug reports"},
};

}  // namespace

const Verb doctor_verb = make_verb<DoctorOptions, run_doctor>({
    .name = "doctor",
    .group = "Know",
    .summary = "show what this machine has and what will be used of it",
    .description = "Shows what Adze finds on this machine: processor, instruction sets, memory, backends, the kernels "
                   "that can run and the models in the cache. ADZE_FORCE_ISA and ADZE_FORCE pin kernels for tests.",
    .examples = kExamples,
});

}  // namespace adze::cli
