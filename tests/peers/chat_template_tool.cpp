// Renders chat templates for chat_templates_peer.py: one JSON object {"source", "name", "context"} per line of standard
// input, one {"ok": text} or {"error": message} per line of output. ADZE_FIXED_TIME is the time of strftime_now in
// seconds since 1970.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "text/chat_templates/chat_template.h"

namespace {

adze::Json render(const adze::Json& request, const adze::text::RenderOptions& options) {
  try {
    const auto chat = adze::text::ChatTemplate::parse(request.at("source"), request.at("name"));
    return {{"ok", chat.render(request.at("context"), options)}};
  } catch (const adze::Error& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main() {
  adze::text::RenderOptions options;
  if (const char* seconds = std::getenv("ADZE_FIXED_TIME")) {
    options.now = std::chrono::system_clock::time_point(std::chrono::seconds(std::atoll(seconds)));
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << render(adze::parse_json(line, "standard input"), options).dump() << '\n';
  }
}
