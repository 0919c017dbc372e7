// What is counted, and the text in which Prometheus reads it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "runtime/engine/engine_figures.h"

namespace adze::server {

/// Writes the text format, version 0.0.4.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;
  /// Begins a metric; its samples follow.
  void begin(std::string_view name, std::string_view type, std::string_view help);
  void sample(const Labels& labels, double value);
  void histogram(const Labels& labels, const runtime::Histogram& histogram);
  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, const Labels& labels, double value);
  std::string text_;
  std::string name_;
};

/// Of the requests; the engines count the rest.
class RequestMetrics {
 public:
  RequestMetrics();
  void begin() { ++under_way_; }
  void end(std::string_view endpoint, int status, double seconds);
  void write(MetricsText& text) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, int64_t> requests_;
  runtime::Histogram seconds_;
  std::atomic<int64_t> under_way_{0};
};

}  // namespace adze::server
