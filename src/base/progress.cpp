#include "base/progress.h"

#include "base/error.h"

namespace adze {
namespace {
class NoProgress final : public Progress {
  void update(std::string_view, uint64_t, uint64_t) override {}
};
}  // namespace

Progress& no_progress() {
  static NoProgress instance;
  return instance;
}

void throw_if_cancelled(const Progress& progress) {
  if (progress.cancelled()) fail(ErrorCode::cancelled, "stopped on request; files are as they were before");
}

}  // namespace adze
