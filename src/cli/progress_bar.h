// Progress of long library calls as one line on the terminal, and Ctrl-C as their cancellation.
#pragma once

#include <string>

#include "base/progress.h"
#include "cli/console.h"

namespace adze::cli {

class ProgressBar final : public Progress {
 public:
  /// REQUIRES: the console outlives the bar. Without a terminal nothing is shown, and Ctrl-C still cancels.
  explicit ProgressBar(Console& console);
  ~ProgressBar() override;

  void update(std::string_view what, uint64_t done, uint64_t total) override;
  bool cancelled() const override;

 private:
  Console& console_;
  std::string what_;
  int64_t started_ns_ = 0;
  int64_t drawn_ns_ = 0;
};

}  // namespace adze::cli
