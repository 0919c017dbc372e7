#include "server/background_work.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"

namespace adze::server {
namespace {

TEST(BackgroundWork, StopsWhatIsUnderWay) {
  std::promise<void> begun;
  bool was_stopped = false;
  {
    BackgroundWork work;
    work.start([&](const std::stop_token& stop) {
      begun.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
      was_stopped = true;
    });
    begun.get_future().wait();
  }
  EXPECT_TRUE(was_stopped);
}

TEST(BackgroundWork, TakesMoreWhenSomethingHasEnded) {
  BackgroundWork work;
  std::promise<void> end;
  const auto ended = end.get_future().share();
  for (int i = 0; i < 4; ++i) work.start([ended](const std::stop_token&) { ended.wait(); });
  EXPECT_THROW(work.start([](const std::stop_token&) {}), Error);
  end.set_value();
  for (bool is_taken = false; !is_taken;) {
    try {
      work.start([](const std::stop_token&) {});
      is_taken = true;
    } catch (const Error&) {
      std::this_thread::yield();
    }
  }
}

}  // namespace
}  // namespace adze::server
