#include "cli/machine_cache.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "cli/model_cache.h"

namespace adze::cli {
namespace {

using evaluate::MachineLimits;
using evaluate::Rate;

Json to_json(const Rate& rate) { return {{"best", rate.best}, {"median", rate.median}}; }

Rate rate_from(const Json& json) {
  const Rate rate{json.at("best").get<double>(), json.at("median").get<double>()};
  if (!(rate.best > 0) || !(rate.median > 0)) fail(ErrorCode::bad_input, "a rate is not positive");
  return rate;
}

MachineLimits limits_from(const Json& json) {
  MachineLimits limits;
  limits.processor = json.at("processor").get<std::string>();
  limits.isa = active_isa();
  limits.int8_instruction = json.at("int8_instruction").get<std::string>();
  limits.f32_instruction = json.at("f32_instruction").get<std::string>();
  for (const auto& read : json.at("reads")) {
    limits.reads.push_back({read.at("threads").get<unsigned>(), read.at("block_bytes").get<int64_t>(),
                            rate_from(read.at("bytes_per_second"))});
  }
  for (const auto& rate : json.at("multiply_adds")) {
    limits.multiply_adds.push_back({rate.at("threads").get<unsigned>(), rate_from(rate.at("int8_per_second")),
                                    rate_from(rate.at("f32_per_second"))});
  }
  return limits;
}

}  // namespace

std::string machine_cache_path() { return fmt::format("{}/machine-{}.json", cache_folder(), isa_name(active_isa())); }

Json to_json(const MachineLimits& limits) {
  Json reads = Json::array();
  for (const auto& read : limits.reads) {
    reads.push_back(
        {{"threads", read.threads}, {"block_bytes", read.block_bytes}, {"bytes_per_second", to_json(read.bytes)}});
  }
  Json multiply_adds = Json::array();
  for (const auto& rate : limits.multiply_adds) {
    multiply_adds.push_back(
        {{"threads", rate.threads}, {"int8_per_second", to_json(rate.int8)}, {"f32_per_second", to_json(rate.f32)}});
  }
  return {{"processor", limits.processor},
          {"isa", isa_name(limits.isa)},
          {"int8_instruction", limits.int8_instruction},
          {"f32_instruction", limits.f32_instruction},
          {"reads", reads},
          {"multiply_adds", multiply_adds}};
}

std::optional<MachineLimits> cached_machine_limits() {
  const auto path = machine_cache_path();
  try {
    auto limits = limits_from(read_json_file(path));
    if (limits.processor != cpu_features().model_name) return std::nullopt;
    return limits;
  } catch (const Error&) {
    return std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

void cache_machine_limits(const MachineLimits& limits) {
  std::error_code ignored;  // a folder that cannot be made shows when the file is written
  std::filesystem::create_directories(cache_folder(), ignored);
  write_text_file(machine_cache_path(), to_json(limits).dump(2) + "\n");
}

}  // namespace adze::cli
