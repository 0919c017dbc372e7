// Lines that tell an operator how far something has come, as Ollama sends them.
#pragma once

#include <stop_token>
#include <string>

#include "base/progress.h"
#include "server/endpoint.h"

namespace adze::server {

/// Lines of JSON, or one document at the end.
class StatusLines {
 public:
  StatusLines(ExchangePtr exchange, bool streams);

  void say_line(const Json& line);
  void say(std::string_view status) { say_line({{"status", status}}); }
  void succeed();
  void fail(const Error& error);
  bool has_listener() const;

 private:
  ExchangePtr exchange_;
  bool streams_;
};

/// Says what a long call of the library has come to; stops it when nobody listens any more.
class StatusProgress : public Progress {
 public:
  /// `doing`: "pulling" becomes "pulling model.gguf"; with `names_parts` false it is all that is said.
  StatusProgress(StatusLines& lines, std::stop_token stop, std::string doing, bool names_parts = true)
      : lines_(lines), stop_(std::move(stop)), doing_(std::move(doing)), names_parts_(names_parts) {}

  void update(std::string_view what, uint64_t done, uint64_t total) override;
  bool cancelled() const override { return stop_.stop_requested() || !lines_.has_listener(); }

 private:
  StatusLines& lines_;
  std::stop_token stop_;
  std::string doing_;
  bool names_parts_;
  std::string what_;
  int64_t last_ns_ = 0;
};

/// Does it on a thread of its own; what it throws is the last line.
void do_with_status(const ExchangePtr& exchange, bool streams,
                    std::function<void(StatusLines& lines, const std::stop_token& stop)> work);

}  // namespace adze::server
