// A server from its configuration to its end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/http_server.h"
#include "server/service.h"

namespace adze::server {

struct ServerOptions {
  HttpServerOptions http;
  ServiceOptions service;
  double drain_seconds = 30;
  bool loads_at_once = true;  // the first model, before the first request
};

/// What a running server is told from outside; it asks now and then.
struct ServerControl {
  std::function<bool()> is_over;
  /// The options as they are now, where somebody wants them read again. Of these a running server takes models, keys,
  /// origins, rates and certificates; what this throws is logged, and everything stays as it is.
  std::function<std::optional<ServerOptions>()> read_again = nullptr;
  std::function<void(uint16_t)> listening;  // gets the port
};

/// Serves until it is over, then finishes what is under way. Throws Error when it cannot begin.
void serve(const ServerOptions& options, const ServerControl& control);

/// Name of a model in requests: the last part of its path without .gguf and the like.
std::string model_name_of(const std::string& path);

}  // namespace adze::server
