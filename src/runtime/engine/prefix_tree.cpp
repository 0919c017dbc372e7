#include "runtime/engine/prefix_tree.h"

namespace adze::runtime {
namespace {

constexpr auto kPageTokens = static_cast<size_t>(KvCache::kPageTokens);

std::vector<int32_t> label_of_page(std::span<const int32_t> tokens, size_t page, std::span<const int32_t> key) {
  std::vector<int32_t> label;
  if (page == 0) label.assign(key.begin(), key.end());
  const auto part = tokens.subspan(page * kPageTokens, kPageTokens);
  label.insert(label.end(), part.begin(), part.end());
  return label;
}

}  // namespace

PrefixTree::PrefixTree(KvCache& cache) : cache_(cache), nodes_(static_cast<size_t>(cache.pages())) {}

std::vector<int32_t> PrefixTree::find(std::span<const int32_t> tokens, std::span<const int32_t> key) {
  std::vector<int32_t> pages;
  ++uses_;
  for (size_t i = 0; (i + 1) * kPageTokens <= tokens.size(); ++i) {
    const Branches& branches = branches_of(pages.empty() ? kRoot : pages.back());
    const auto found = branches.find(label_of_page(tokens, i, key));
    if (found == branches.end()) break;
    pages.push_back(found->second);
    nodes_[static_cast<size_t>(found->second)].last_use = uses_;
  }
  return pages;
}

int32_t PrefixTree::add(std::span<const int32_t> tokens, int32_t page, std::span<const int32_t> key) {
  const auto before = find(tokens.first(tokens.size() - kPageTokens), key);
  const int32_t parent = before.empty() ? kRoot : before.back();
  const auto [place, is_new] = branches_of(parent).emplace(label_of_page(tokens, before.size(), key), page);
  Node& node = nodes_[static_cast<size_t>(place->second)];
  node.last_use = uses_;
  if (!is_new) return place->second;
  node.is_known = true;
  node.parent = parent;
  cache_.hold(page);
  return page;
}

bool PrefixTree::is_idle(int32_t page) const {
  return nodes_[static_cast<size_t>(page)].is_known && cache_.holders(page) == 1;
}

bool PrefixTree::give_away_one() {
  int32_t oldest = kRoot;
  for (int32_t page = 0; page < static_cast<int32_t>(nodes_.size()); ++page) {
    const Node& node = nodes_[static_cast<size_t>(page)];
    if (!is_idle(page) || !node.branches.empty()) continue;
    if (oldest == kRoot || node.last_use < nodes_[static_cast<size_t>(oldest)].last_use) oldest = page;
  }
  if (oldest == kRoot) return false;
  Node& node = nodes_[static_cast<size_t>(oldest)];
  std::erase_if(branches_of(node.parent), [&](const auto& branch) { return branch.second == oldest; });
  node = {};
  cache_.let_go(oldest);
  return true;
}

int64_t PrefixTree::idle_pages() const {
  int64_t count = 0;
  for (int32_t page = 0; page < static_cast<int32_t>(nodes_.size()); ++page) count += is_idle(page);
  return count;
}

}  // namespace adze::runtime
