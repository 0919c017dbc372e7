#include "server/ollama_status.h"

#include "base/clock.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr double kSecondsBetweenLines = 0.1;

}  // namespace

StatusLines::StatusLines(ExchangePtr exchange, bool streams) : exchange_(std::move(exchange)), streams_(streams) {
  if (streams_) exchange_->response().begin_stream("application/x-ndjson");
}

void StatusLines::say_line(const Json& line) {
  if (streams_) exchange_->response().write(to_text(line) + "\n");
}

void StatusLines::succeed() {
  if (!streams_) return exchange_->send_json(200, {{"status", "success"}});
  say("success");
  exchange_->response().end_stream();
}

void StatusLines::fail(const Error& error) {
  exchange_->send_error(error);
  if (!streams_) return;
  say_line(error_document(Dialect::ollama, error, exchange_->id()));
  exchange_->response().end_stream();
}

bool StatusLines::has_listener() const { return !exchange_->response().is_gone(); }

void StatusProgress::update(std::string_view what, uint64_t done, uint64_t total) {
  const bool is_news = what != what_ || done == total || seconds_since(last_ns_) >= kSecondsBetweenLines;
  if (!is_news) return;
  what_ = what;
  last_ns_ = now_ns();
  lines_.say_line({{"status", names_parts_ ? fmt::format("{} {}", doing_, what) : doing_},
                   {"digest", what},
                   {"total", total},
                   {"completed", done}});
}

void do_with_status(const ExchangePtr& exchange, bool streams,
                    std::function<void(StatusLines& lines, const std::stop_token& stop)> work) {
  exchange->service().background().start([exchange, streams, work = std::move(work)](const std::stop_token& stop) {
    StatusLines lines(exchange, streams);
    try {
      work(lines, stop);
      lines.succeed();
    } catch (const Error& error) {
      lines.fail(error);
    } catch (const std::exception& error) {
      lines.fail(Error(ErrorCode::internal, error.what()));
    }
  });
}

}  // namespace adze::server
