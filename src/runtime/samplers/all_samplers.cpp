// The table of samplers. To add one: write its file, declare it in sampler_step.h, add a line here.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr std::array kAllSamplers = {
    &logit_bias_sampler, &penalties_sampler, &dry_sampler,   &top_n_sigma_sampler, &top_k_sampler,
    &typical_p_sampler,  &top_p_sampler,     &min_p_sampler, &xtc_sampler,         &temperature_sampler,
    &adaptive_p_sampler, &mirostat_sampler,  &draw_sampler,
};

constexpr SamplerParameter kSharedParameters[] = {
    {.name = "min_keep",
     .flags = "--min-keep",
     .meaning = "leave at least N in typ_p, top_p, min_p and xtc",
     .field = &SamplerOptions::min_keep,
     .maximum = 1 << 30},
};

bool is_in_order(const SamplerKind& kind) {
  return kind.place == SamplerPlace::in_order || kind.place == SamplerPlace::last_if_named;
}

// "Top-P" and "topp" are "top_p".
std::string without_case_and_dashes(std::string_view name) {
  std::string bare;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') bare += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return bare;
}

struct OtherName {
  std::string_view other;
  std::string_view name;
};

constexpr OtherName kOtherNames[] = {
    {"nucleus", "top_p"}, {"temp", "temperature"}, {"typ", "typ_p"}, {"typicalp", "typ_p"}};

const SamplerKind& sampler_named(std::string_view name) {
  std::string wanted = without_case_and_dashes(name);
  const auto other = std::ranges::find(kOtherNames, wanted, &OtherName::other);
  if (other != std::end(kOtherNames)) wanted = without_case_and_dashes(other->name);
  std::string known;
  for (const SamplerKind* kind : kAllSamplers) {
    if (!is_in_order(*kind)) continue;
    if (without_case_and_dashes(kind->name) == wanted) return *kind;
    known += (known.empty() ? "" : ", ") + std::string(kind->name);
  }
  fail(ErrorCode::bad_input, "samplers: there is no '{}'; there are {}, to be joined by ;", name, known);
}

// Mirostat replaces all but the temperature.
std::vector<const SamplerKind*> kinds_in_chain(const SamplerOptions& options) {
  if (options.mirostat != 0) return {&logit_bias_sampler, &temperature_sampler, &mirostat_sampler};
  std::vector<const SamplerKind*> kinds = {&logit_bias_sampler};
  const SamplerKind* chooser = &draw_sampler;
  for (const SamplerKind* kind : samplers_named(options.samplers)) {
    if (kind->place == SamplerPlace::last_if_named) {
      chooser = kind;
    } else {
      kinds.push_back(kind);
    }
  }
  kinds.push_back(chooser);
  return kinds;
}

}  // namespace

std::span<const SamplerKind* const> all_samplers() { return kAllSamplers; }

std::span<const SamplerParameter> shared_sampler_parameters() { return kSharedParameters; }

std::vector<const SamplerKind*> samplers_named(std::string_view names) {
  std::vector<const SamplerKind*> kinds;
  while (!names.empty()) {
    const auto end = names.find(';');
    const auto name = names.substr(0, end);
    if (!name.empty()) kinds.push_back(&sampler_named(name));
    names = end == std::string_view::npos ? std::string_view() : names.substr(end + 1);
  }
  return kinds;
}

std::vector<std::unique_ptr<SamplerStep>> sampler_chain(const SamplerOptions& options) {
  SamplerOptions used = options;
  if (options.mirostat != 0) used.temperature_range = 0;
  std::vector<std::unique_ptr<SamplerStep>> chain;
  for (const SamplerKind* kind : kinds_in_chain(used)) {
    if (auto step = kind->make(used)) chain.push_back(std::move(step));
  }
  return chain;
}

}  // namespace adze::runtime
