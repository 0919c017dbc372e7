// Full pages of the cache by the tokens that they and the pages before them hold.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "runtime/kv_cache.h"

namespace adze::runtime {

/// Holds every page that it knows. Those that nobody else holds can be given away, the ends of prefixes first: who
/// holds a page holds those before it too.
class PrefixTree {
 public:
  /// REQUIRES: the cache outlives the tree.
  explicit PrefixTree(KvCache& cache);

  /// The pages of the longest beginning of `tokens` that is known. They are the last to be given away then. `key`: what
  /// rows depend on besides tokens; texts of different keys have nothing in common.
  std::vector<int32_t> find(std::span<const int32_t> tokens, std::span<const int32_t> key = {});

  /// Keeps `page`, which holds the last of `tokens`, and returns it; or the page that holds the same already. REQUIRES:
  /// whole pages of tokens, all but the last page of them known.
  int32_t add(std::span<const int32_t> tokens, int32_t page, std::span<const int32_t> key = {});

  /// Gives away the least recently used page that nobody else holds; false if there is none.
  bool give_away_one();

  /// Pages that could be given away.
  int64_t idle_pages() const;

 private:
  using Branches =
      std::map<std::vector<int32_t>, int32_t>;  // the tokens of a page -> the page; of a first page, behind its key
  struct Node {                                 // of a page
    bool is_known = false;
    int32_t parent = 0;
    int64_t last_use = 0;
    Branches branches;
  };

  static constexpr int32_t kRoot = -1;
  Branches& branches_of(int32_t page) { return page == kRoot ? root_ : nodes_[static_cast<size_t>(page)].branches; }
  bool is_idle(int32_t page) const;

  KvCache& cache_;
  Branches root_;
  std::vector<Node> nodes_;  // by page
  int64_t uses_ = 0;
};

}  // namespace adze::runtime
