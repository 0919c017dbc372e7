// The tokens that may come next, and their logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace adze::runtime {

struct Candidate {
  int32_t token;
  float logit;  // minus infinity: has been forbidden; never NaN or plus infinity
};

/// More likely comes first; of equals the lower id.
inline bool is_likelier(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

/// The largest of them; minus infinity for none. NaN does not count.
float largest(std::span<const float> values);

/// The token of the largest logit, the first of several. Error(bad_input) if every logit is NaN or minus infinity.
int32_t most_likely(std::span<const float> logits);

/// The nearest logit: what exceeds a float's range becomes its largest. REQUIRES: not NaN; infinite only if forbidden.
float as_logit(double value);

/// Which list it is and in which order depends on what was asked for alone, never on the standard library: at first the
/// whole vocabulary by id, then what was kept, by likelihood once only the likeliest were kept. The vocabulary is
/// ranked no further than was asked for.
class Candidates {
 public:
  /// The whole vocabulary; NaN counts as forbidden, plus infinity as the largest float. Error(bad_input) if every
  /// token is forbidden.
  void assign(std::span<const float> logits);
  /// The same as assign() and keep_likeliest(), without a list of the whole vocabulary in between.
  void assign_likeliest(std::span<const float> logits, size_t count);

  std::span<const Candidate> list() const { return list_; }
  size_t size() const { return list_.size(); }
  /// By falling likelihood.
  bool is_sorted() const { return is_sorted_; }
  /// Of the vocabulary.
  size_t vocabulary() const { return vocabulary_; }

  float best_logit();
  /// exp(logit - best) of each candidate. REQUIRES: some token is not forbidden.
  std::span<const double> weights();
  /// Of all candidates. REQUIRES: as weights().
  double total_weight();

  /// The `count` likeliest (or all, if there are fewer), in order.
  std::span<const Candidate> likeliest(size_t count);
  void keep_likeliest(size_t count);
  /// Those for which keep(candidate) holds; their order stays.
  template <typename Keep>
  void keep_if(Keep keep) {
    std::erase_if(list_, [&](const Candidate& candidate) { return !keep(candidate); });
    forget_what_was_found();
  }
  void keep_only(Candidate candidate);

  /// change(logit, value) for the candidates that `by_token`, a map from tokens, has a value for.
  template <typename Map, typename Change>
  void change_logits_of(const Map& by_token, Change change) {
    if (is_whole()) {
      for (const auto& [token, value] : by_token) {
        if (token >= 0 && static_cast<size_t>(token) < list_.size())
          change(list_[static_cast<size_t>(token)].logit, value);
      }
    } else {
      for (Candidate& candidate : list_) {
        if (const auto found = by_token.find(candidate.token); found != by_token.end()) {
          change(candidate.logit, found->second);
        }
      }
    }
    is_sorted_ = false;
    forget_what_was_found();
  }
  /// logit = change(logit) for all. REQUIRES: if `keeps_order`, a larger logit never becomes the smaller one.
  template <typename Change>
  void change_logits(bool keeps_order, Change change) {
    for (Candidate& candidate : list_) candidate.logit = change(candidate.logit);
    is_sorted_ = is_sorted_ && keeps_order;
    forget_what_was_found();
  }

  /// The token that comes next, once a step has chosen it; -1 before.
  int32_t chosen() const { return chosen_; }
  void choose(int32_t token) { chosen_ = token; }

 private:
  bool is_whole() const { return list_.size() == vocabulary_; }  // by id then
  void rank(size_t count);
  void begin(size_t vocabulary);
  void forget_what_was_found() {
    ranked_ = 0;
    best_.reset();
    has_weights_ = false;
  }

  std::vector<Candidate> list_;
  bool is_sorted_ = false;
  size_t vocabulary_ = 0;
  std::vector<Candidate> order_;  // of an unsorted list: its likeliest first, as far as it was ranked
  size_t ranked_ = 0;
  std::optional<float> best_;
  std::vector<double> weights_;
  double total_weight_ = 0;
  bool has_weights_ = false;
  int32_t chosen_ = -1;
};

}  // namespace adze::runtime
