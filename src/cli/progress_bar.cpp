#include "cli/progress_bar.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "cli/interrupt.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

constexpr int64_t kRedrawNs = 100'000'000;
constexpr int64_t kQuietNs = 300'000'000;  // what takes less needs no bar
constexpr int kBarCells = 24;

std::string bar(double share) {
  std::string cells;
  for (int i = 0; i < kBarCells; ++i) cells += i < std::lround(share * kBarCells) ? "━" : "╌";
  return cells;
}

std::string remaining_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole >= 3600) return fmt::format("{} h {:02} min left", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s left", whole / 60, whole % 60);
  return fmt::format("{} s left", whole);
}

}  // namespace

ProgressBar::ProgressBar(Console& console) : console_(console), started_ns_(now_ns()) {}

ProgressBar::~ProgressBar() { console_.show_progress(""); }

void ProgressBar::update(std::string_view what, uint64_t done, uint64_t total) {
  const int64_t now = now_ns();
  if (what != what_) {
    what_ = what;
    started_ns_ = now;
    drawn_ns_ = 0;
  }
  if (now - started_ns_ < kQuietNs || now - drawn_ns_ < kRedrawNs || total == 0) return;
  drawn_ns_ = now;
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const double elapsed = static_cast<double>(now - started_ns_) * 1e-9;
  const std::string left = share > 0.02 ? remaining_text(elapsed * (1 - share) / share) : "";
  console_.show_progress(fmt::format("{} {} {:3.0f} %  {}", report::shortened(report::printable(what), 30), bar(share),
                                     share * 100, left));
}

bool ProgressBar::cancelled() const { return interrupted(); }

}  // namespace adze::cli
