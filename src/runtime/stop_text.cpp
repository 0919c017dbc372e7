#include "runtime/stop_text.h"

#include <algorithm>
#include <utility>

namespace adze::runtime {

std::string StopText::push(std::string_view text) {
  if (found_) return {};
  held_ += text;
  size_t first = std::string::npos;
  for (const auto& stop : stops_) {
    const size_t place = held_.find(stop);
    if (place >= first) continue;
    first = place;
    found_text_ = stop;
  }
  if (first != std::string::npos) {
    found_ = true;
    held_.resize(first);
    return std::exchange(held_, {});
  }
  const size_t shown = held_.size() - bytes_to_hold();
  std::string out = held_.substr(0, shown);
  held_.erase(0, shown);
  return out;
}

std::string StopText::finish() { return found_ ? std::string() : std::exchange(held_, {}); }

// The longest end of the text that begins a stop text.
size_t StopText::bytes_to_hold() const {
  size_t longest = 0;
  for (const auto& stop : stops_) {
    for (size_t count = std::min(stop.size() - 1, held_.size()); count > longest; --count) {
      if (held_.ends_with(std::string_view(stop).substr(0, count))) longest = count;
    }
  }
  return longest;
}

}  // namespace adze::runtime
