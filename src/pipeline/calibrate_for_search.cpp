#include "pipeline/calibrate_for_search.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <span>

#include "calibrate/calibrate.h"
#include "calibrate/fingerprint.h"
#include "pipeline/text_of_model.h"
#include "pipeline/trial_store.h"

namespace adze::pipeline {
namespace {

constexpr int64_t kMostChunks = 64;  // of 512 tokens: what more adds is lost in the noise
constexpr std::string_view kEntry = "statistics";

std::string setting_of(const model::Model& model, std::span<const int32_t> tokens) {
  calibrate::Fingerprint fingerprint;
  fingerprint.add(model);
  fingerprint.add(std::as_bytes(tokens));
  return fmt::format("calibration {:016x}, at most {} chunks", fingerprint.value(), kMostChunks);
}

std::string identity_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? std::string() : fmt::format("\"{} bytes\"", size);
}

}  // namespace

void calibrate_for_search(const model::Model& model, const SearchCalibration& request, Progress& progress) {
  const auto tokens = tokens_of_text(model, request.text);
  const std::string setting = setting_of(model, tokens);
  TrialStore store(request.store);
  const auto known = store.find(setting, kEntry);
  if (known && *known == identity_of(request.target)) return;
  const auto loaded = std::make_shared<runtime::LoadedModel>(
      model, passes::ActivationPolicy::f32, runtime::WeightMemory::mapped, calibrate::observable_passes());
  calibrate::calibrate(loaded, tokens,
                       {.target = request.target,
                        .dataset = "calibration text",
                        .max_chunks = kMostChunks,
                        .first_token = first_token_of(model),
                        .hessians = true,
                        .resume = true,
                        .threads = request.threads},
                       progress);
  store.put(setting, kEntry, identity_of(request.target));
}

}  // namespace adze::pipeline
