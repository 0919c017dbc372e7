#include "quantize/allocate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.h"

namespace adze::quantize {
namespace {

using Items = std::span<const std::vector<StorageOption>>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Of an item: options by ascending size, each cheaper than all smaller ones.
std::vector<size_t> useful_options(const std::vector<StorageOption>& options) {
  std::vector<size_t> order(options.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (options[a].bytes != options[b].bytes) return options[a].bytes < options[b].bytes;
    return options[a].cost < options[b].cost;
  });
  std::vector<size_t> useful;
  for (const size_t option : order) {
    if (useful.empty() || options[option].cost < options[useful.back()].cost) useful.push_back(option);
  }
  return useful;
}

// The option that is best where a byte has this price; of equal ones the smallest.
size_t best_at(const std::vector<StorageOption>& options, const std::vector<size_t>& useful, double price) {
  size_t best = useful.front();
  for (const size_t option : useful) {
    const auto value = [&](size_t i) { return options[i].cost + price * static_cast<double>(options[i].bytes); };
    if (value(option) < value(best)) best = option;
  }
  return best;
}

class Solver {
 public:
  Solver(Items items, int64_t budget, size_t max_states) : items_(items), budget_(budget), max_states_(max_states) {
    for (const auto& options : items) {
      if (options.empty()) fail(ErrorCode::bad_input, "an item has no option to choose from");
      useful_.push_back(useful_options(options));
    }
    check_budget();
  }

  Allocation solve() {
    find_price();
    improve_with_rest();
    search();
    return best_;
  }

 private:
  // A partial allocation: the items up to here, reached from a state of the layer before.
  struct State {
    int64_t bytes;
    double cost;
    uint32_t parent;
    uint32_t option;
  };

  void check_budget() const {
    int64_t smallest = 0;
    for (size_t i = 0; i < items_.size(); ++i) smallest += items_[i][useful_[i].front()].bytes;
    if (smallest > budget_) {
      fail(ErrorCode::bad_input, "the smallest choice takes {} bytes, {} more than the budget of {}", smallest,
           smallest - budget_, budget_);
    }
  }

  Allocation at_price(double price) const {
    Allocation allocation;
    for (size_t i = 0; i < items_.size(); ++i) {
      const size_t option = best_at(items_[i], useful_[i], price);
      allocation.options.push_back(option);
      allocation.bytes += items_[i][option].bytes;
      allocation.cost += items_[i][option].cost;
    }
    return allocation;
  }

  double bound_at(double price) const {
    const Allocation relaxed = at_price(price);
    return relaxed.cost + price * static_cast<double>(relaxed.bytes - budget_);
  }

  // The lowest price of a byte at which everybody's best choices fit; there the relaxation's bound is the highest.
  void find_price() {
    best_ = at_price(0);
    if (best_.bytes <= budget_) {
      best_.lower_bound = best_.cost;
      return;
    }
    double low = 0;
    double high = 1e-12;
    while (at_price(high).bytes > budget_ && high < 1e300) low = std::exchange(high, high * 16);
    for (int round = 0; round < 200 && low < high * (1 - 1e-15); ++round) {
      const double middle = low + (high - low) / 2;
      (at_price(middle).bytes > budget_ ? low : high) = middle;
    }
    best_ = at_price(high);
    price_ = high;
    best_.lower_bound = std::max(bound_at(low), bound_at(high));
  }

  // Spends what is left on the options that gain most per byte: a good first solution makes the search short.
  void improve_with_rest() {
    while (true) {
      double best_gain = 0;
      size_t item = 0;
      size_t option = 0;
      for (size_t i = 0; i < items_.size(); ++i) {
        const StorageOption& now = items_[i][best_.options[i]];
        for (const size_t j : useful_[i]) {
          const StorageOption& other = items_[i][j];
          if (other.cost >= now.cost || best_.bytes - now.bytes + other.bytes > budget_) continue;
          const double gain =
              (now.cost - other.cost) / static_cast<double>(std::max<int64_t>(1, other.bytes - now.bytes));
          if (gain > best_gain) best_gain = gain, item = i, option = j;
        }
      }
      if (best_gain == 0) return;
      best_.bytes += items_[item][option].bytes - items_[item][best_.options[item]].bytes;
      best_.cost += items_[item][option].cost - items_[item][best_.options[item]].cost;
      best_.options[item] = option;
    }
  }

  // What the items behind `item` cost at least where a byte has its price, and the bytes that they need at least.
  void sum_from_behind() {
    relaxed_behind_.assign(items_.size() + 1, 0);
    smallest_behind_.assign(items_.size() + 1, 0);
    for (size_t i = items_.size(); i-- > 0;) {
      const StorageOption& option = items_[i][best_at(items_[i], useful_[i], price_)];
      relaxed_behind_[i] = relaxed_behind_[i + 1] + option.cost + price_ * static_cast<double>(option.bytes);
      smallest_behind_[i] = smallest_behind_[i + 1] + items_[i][useful_[i].front()].bytes;
    }
  }

  bool can_become_best(const State& state, size_t next) const {
    if (state.bytes + smallest_behind_[next] > budget_) return false;
    const double bound = state.cost + relaxed_behind_[next] + price_ * static_cast<double>(state.bytes - budget_);
    return bound < best_.cost * (1 - 1e-12);
  }

  std::vector<State> next_layer(const std::vector<State>& states, size_t item) {
    std::vector<State> next;
    for (uint32_t s = 0; s < states.size(); ++s) {
      for (const size_t option : useful_[item]) {
        const StorageOption& chosen = items_[item][option];
        const State state{states[s].bytes + chosen.bytes, states[s].cost + chosen.cost, s,
                          static_cast<uint32_t>(option)};
        if (can_become_best(state, item + 1)) next.push_back(state);
      }
    }
    keep_undominated(next);
    if (next.size() > max_states_) keep_most_promising(next);
    return next;
  }

  static void keep_undominated(std::vector<State>& states) {
    std::sort(states.begin(), states.end(),
              [](const State& a, const State& b) { return a.bytes != b.bytes ? a.bytes < b.bytes : a.cost < b.cost; });
    double cheapest = kInfinity;
    std::erase_if(states, [&](const State& state) {
      if (state.cost >= cheapest) return true;
      cheapest = state.cost;
      return false;
    });
  }

  void keep_most_promising(std::vector<State>& states) {
    best_.is_exact = false;
    const auto middle = states.begin() + static_cast<std::ptrdiff_t>(max_states_);
    const auto value = [&](const State& state) { return state.cost + price_ * static_cast<double>(state.bytes); };
    std::nth_element(states.begin(), middle, states.end(),
                     [&](const State& a, const State& b) { return value(a) < value(b); });
    states.erase(middle, states.end());
  }

  void search() {
    if (price_ == 0) return;  // everybody has the best option
    sum_from_behind();
    std::vector<std::vector<State>> layers{{State{0, 0, 0, 0}}};
    for (size_t i = 0; i < items_.size(); ++i) layers.push_back(next_layer(layers.back(), i));
    const auto& last = layers.back();
    const auto cheapest =
        std::min_element(last.begin(), last.end(), [](const State& a, const State& b) { return a.cost < b.cost; });
    if (cheapest == last.end() || cheapest->cost >= best_.cost) return;
    trace_back(layers, static_cast<uint32_t>(cheapest - last.begin()));
  }

  void trace_back(const std::vector<std::vector<State>>& layers, uint32_t state) {
    best_.bytes = layers.back()[state].bytes;
    best_.cost = layers.back()[state].cost;
    for (size_t i = items_.size(); i > 0; --i) {
      best_.options[i - 1] = layers[i][state].option;
      state = layers[i][state].parent;
    }
  }

  Items items_;
  int64_t budget_;
  size_t max_states_;
  std::vector<std::vector<size_t>> useful_;
  double price_ = 0;  // of a byte
  std::vector<double> relaxed_behind_;
  std::vector<int64_t> smallest_behind_;
  Allocation best_;
};

}  // namespace

Allocation allocate(Items items, int64_t budget, size_t max_states) {
  return Solver(items, budget, max_states).solve();
}

}  // namespace adze::quantize
