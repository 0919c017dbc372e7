#include "server/background_work.h"

#include "base/error.h"

namespace adze::server {
namespace {

constexpr size_t kMostJobs = 4;

}  // namespace

void BackgroundWork::start(std::function<void(const std::stop_token&)> work) {
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [](const Job& job) { return job.is_done.load(); });
  if (jobs_.size() >= kMostJobs) {
    fail(ErrorCode::out_of_memory, "{} such requests are under way; try again later", jobs_.size());
  }
  Job& job = jobs_.emplace_back();
  job.thread = std::jthread([&job, work = std::move(work)](const std::stop_token& stop) {
    work(stop);
    job.is_done = true;
  });
}

}  // namespace adze::server
