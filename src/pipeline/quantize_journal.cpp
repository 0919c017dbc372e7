#include "pipeline/quantize_journal.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace adze::pipeline {
namespace {

// Work that a loss of power may cost.
constexpr double kSecondsBetweenSyncs = 20;

std::string differing_keys(const Json& earlier, const Json& now) {
  std::string text;
  for (const auto& [key, value] : now.items()) {
    const auto found = earlier.find(key);
    if (found != earlier.end() && *found == value) continue;
    const std::string before = found == earlier.end() ? "nothing" : found->dump();
    text += fmt::format("{}{} was {}, is {}", text.empty() ? "" : "; ", key, before, value.dump());
  }
  return text;
}

}  // namespace

QuantizeJournal::QuantizeJournal(const Options& options, const Repacking& repacking)
    : options_(options), repacking_(repacking), log_(path_for(options.target)), synced_ns_(now_ns()) {
  const auto lines = log_.lines();
  if (options.resume && !lines.empty()) take_over(lines);
  if (!options.resume && lines.size() > 1) {
    log_message(LogLevel::warning, fmt::format("{}: {} tensors of an earlier run are given up; --resume would have "
                                               "gone on with them",
                                               options.target, lines.size() - 1));
  }
  log_.keep(earlier_.empty() ? 0 : 1 + earlier_.size());
  if (earlier_.empty()) log_.append(options.request.dump());
}

QuantizeJournal::~QuantizeJournal() {
  if (is_done_ || (complete_ == 0 && earlier_.empty())) log_.remove();
}

void QuantizeJournal::take_over(const std::vector<std::string>& lines) {
  const std::string path = path_for(options_.target);
  const Json earlier = Json::parse(lines.front(), nullptr, false);
  if (!earlier.is_object()) return;  // damaged: nothing to go on with
  if (const auto differing = differing_keys(earlier, options_.request); !differing.empty()) {
    fail(ErrorCode::bad_input,
         "{}: the run that was stopped was asked for something else: {}; ask for the same, or "
         "leave --resume out to begin anew",
         path, differing);
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto entry = parse_entry(lines[i]);
    if (!entry) break;
    earlier_.push_back(*entry);
  }
}

std::optional<QuantizeJournal::Entry> QuantizeJournal::parse_entry(const std::string& line) const {
  const Json json = Json::parse(line, nullptr, false);
  const size_t number = earlier_.size();
  try {
    if (!json.is_object() || json.at("tensor").get<std::string>() != repacking_.name_of(number)) return std::nullopt;
    return Entry{
        std::stoull(json.at("checksum").get<std::string>(), nullptr, 16),
        {json.at("different").get<int64_t>(), json.at("non_finite").get<int64_t>(),
         json.at("max_error").is_null() ? std::numeric_limits<double>::infinity() : json.at("max_error").get<double>(),
         json.at("squared_error").get<double>(), json.at("squared_value").get<double>()}};
  } catch (const std::exception&) {  // of another form: damaged
    return std::nullopt;
  }
}

std::optional<uint64_t> QuantizeJournal::finished(size_t tensor) const {
  if (tensor >= earlier_.size()) return std::nullopt;
  return earlier_[tensor].checksum;
}

void QuantizeJournal::reuse(size_t tensor, OutputFile& file) {
  file.keep_partial(true);
  repacking_.restore(tensor, earlier_[tensor].error);
  complete_ = reused_ = tensor + 1;
}

void QuantizeJournal::finish(size_t tensor, uint64_t checksum, OutputFile& file) {
  if (tensor == reused_ && tensor < earlier_.size()) {  // the rest of the earlier run was damaged
    log_.keep(1 + reused_);
    earlier_.resize(reused_);
  }
  const auto error = repacking_.error_of(tensor);
  file.keep_partial(true);
  log_.append(Json{{"tensor", repacking_.name_of(tensor)},
                   {"checksum", fmt::format("{:016x}", checksum)},
                   {"different", error.different},
                   {"non_finite", error.non_finite},
                   {"max_error", error.max_error},
                   {"squared_error", error.squared_error},
                   {"squared_value", error.squared_value}}
                  .dump());
  complete_ = tensor + 1;
  if (seconds_since(synced_ns_) < kSecondsBetweenSyncs) return;
  file.sync();
  log_.sync();
  synced_ns_ = now_ns();
}

}  // namespace adze::pipeline
