// The last tokens of a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace adze::runtime {

/// A ring of the `capacity` latest tokens. It grows with what is put in, so a huge capacity costs nothing at first.
class RecentTokens {
 public:
  explicit RecentTokens(int64_t capacity) : capacity_(static_cast<size_t>(capacity)) {}

  size_t size() const { return ring_.size(); }
  bool is_full() const { return ring_.size() == capacity_; }
  /// 0 is the latest. REQUIRES: age < size().
  int32_t token(size_t age) const { return ring_[(next_ + ring_.size() - 1 - age) % ring_.size()]; }
  /// The oldest one makes room. REQUIRES: capacity > 0.
  void push(int32_t token) {
    if (!is_full()) {
      ring_.push_back(token);
      return;
    }
    ring_[next_] = token;
    next_ = (next_ + 1) % capacity_;
  }

 private:
  size_t capacity_;
  std::vector<int32_t> ring_;
  size_t next_ = 0;  // the oldest, once it is full
};

}  // namespace adze::runtime
