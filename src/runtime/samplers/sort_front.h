// Sorting no further than is needed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace adze::runtime {

/// Puts the first `count` items in order. REQUIRES: the first `sorted` are there already, and no two items are equal.
template <typename Item, typename Less>
void sort_front(std::vector<Item>& items, size_t sorted, size_t count, Less less) {
  const auto at = [&](size_t index) { return items.begin() + static_cast<std::ptrdiff_t>(index); };
  if (count < items.size()) std::nth_element(at(sorted), at(count), items.end(), less);
  std::sort(at(sorted), at(count), less);
}

}  // namespace adze::runtime
