// GET /: the web page for browsers; others learn that the server runs.
#include "server/web_page.h"

#include <fmt/format.h>

#include "server/endpoint.h"

namespace adze::server {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

// Programs that look whether the server is there accept anything, and are not told of HTML.
bool is_browser(const HttpRequest& request) {
  return request.header("accept").find("text/html") != std::string_view::npos;
}

void send_page(Exchange& exchange) {
  auto& response = exchange.response();
  response.add_header("Content-Security-Policy", std::string(kWebPagePolicy));
  response.add_header("X-Content-Type-Options", "nosniff");
  response.add_header("Referrer-Policy", "no-referrer");
  response.add_header("Cross-Origin-Opener-Policy", "same-origin");
  response.add_header("Cache-Control", "no-cache");
  std::string page;
  for (const auto piece : kWebPagePieces) page += piece;
  exchange.send_text(200, "text/html; charset=utf-8", std::move(page));
}

}  // namespace

void get_root(const ExchangePtr& exchange) {
  exchange->response().add_header("Vary", "Accept");
  if (!is_browser(exchange->request())) {
    return exchange->send_text(200, kPlainText, "Adze is running. docs/server.md lists the endpoints.\n");
  }
  if (!kWebPagePieces.empty()) return send_page(*exchange);
  exchange->send_text(200, kPlainText,
                      fmt::format("Adze is running. docs/server.md lists the endpoints.\n"
                                  "This program was built without the web page: {}; then build again.\n",
                                  kWebPageMissing));
}

}  // namespace adze::server
