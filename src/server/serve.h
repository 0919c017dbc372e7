// A server from its configuration to its end.
#pragma once

#include <functional>
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

/// Serves until `is_over` says so, then finishes what is under way. Throws Error when it cannot begin. `listening` gets
/// the port.
void serve(const ServerOptions& options, const std::function<bool()>& is_over,
           const std::function<void(uint16_t)>& listening);

/// Name of a model in requests: the last part of its path without .gguf and the like.
std::string model_name_of(const std::string& path);

}  // namespace adze::server
