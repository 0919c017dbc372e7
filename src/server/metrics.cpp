#include "server/metrics.h"

#include <fmt/format.h>

namespace adze::server {
namespace {

constexpr std::array kSecondsBounds{0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0};

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

}  // namespace

void MetricsText::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void MetricsText::line(std::string_view suffix, const Labels& labels, double value) {
  std::string list;
  for (const auto& [name, text] : labels)
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, escaped(text));
  text_ += name_;
  text_ += suffix;
  text_ += list.empty() ? "" : "{" + list + "}";
  text_ += fmt::format(" {}\n", value);
}

void MetricsText::sample(const Labels& labels, double value) { line("", labels, value); }

void MetricsText::histogram(const Labels& labels, const runtime::Histogram& histogram) {
  Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  int64_t below = 0;
  for (size_t i = 0; i < histogram.counts().size(); ++i) {
    below += histogram.counts()[i];
    with_bound.back().second = i < histogram.bounds().size() ? fmt::format("{}", histogram.bounds()[i]) : "+Inf";
    line("_bucket", with_bound, static_cast<double>(below));
  }
  line("_sum", labels, histogram.sum());
  line("_count", labels, static_cast<double>(histogram.count()));
}

RequestMetrics::RequestMetrics() : seconds_(kSecondsBounds) {}

void RequestMetrics::end(std::string_view endpoint, int status, double seconds) {
  --under_way_;
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(endpoint), status}];
  seconds_.add(seconds);
}

void RequestMetrics::write(MetricsText& text) const {
  const std::lock_guard lock(mutex_);
  text.begin("adze_http_requests_total", "counter", "Requests that were answered, by endpoint and status.");
  for (const auto& [key, count] : requests_) {
    text.sample({{"endpoint", key.first}, {"status", std::to_string(key.second)}}, static_cast<double>(count));
  }
  text.begin("adze_http_request_seconds", "histogram", "Seconds from a request's arrival to the end of its answer.");
  text.histogram({}, seconds_);
  text.begin("adze_http_requests_under_way", "gauge", "Requests that are being answered.");
  text.sample({}, static_cast<double>(under_way_));
}

}  // namespace adze::server
