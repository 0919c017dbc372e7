// What was measured already, in a small database, so that a stopped search goes on where it was and a finished one can
// be looked at.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;

namespace adze::pipeline {

/// One table `trials`: a setting (model, text and options), a name within it, and the result as JSON.
class TrialStore {
 public:
  /// Opens or creates the file; an empty path keeps everything in memory. Error(io) naming the file.
  explicit TrialStore(const std::string& path);
  ~TrialStore();
  TrialStore(const TrialStore&) = delete;
  TrialStore& operator=(const TrialStore&) = delete;

  std::optional<std::string> find(std::string_view setting, std::string_view name) const;
  /// Replaces what was there. On disk when it returns.
  void put(std::string_view setting, std::string_view name, std::string_view result);

 private:
  class Statement;

  std::string path_;
  sqlite3* database_ = nullptr;
};

}  // namespace adze::pipeline
