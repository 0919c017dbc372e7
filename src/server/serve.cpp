#include "server/serve.h"

#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "base/error.h"

namespace adze::server {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);

void require_models(const std::vector<ModelSettings>& models) {
  if (models.empty())
    fail(ErrorCode::bad_input, "there is no model to serve: name one, or list them in the configuration");
  std::set<std::string> names;
  for (const auto& model : models) {
    require_files(model);
    const auto take_name = [&](const std::string& name, const char* what) {
      if (names.insert(name).second) return;
      fail(ErrorCode::bad_input, "two {} are called '{}'; give them names in a configuration", what, name);
    };
    take_name(model.name, "models");
    for (const auto& adapter : model.adapters) take_name(adapter.name, "models or adapters");
  }
}

// All or nothing: what can fail comes first.
void read_again(const ServerControl& control, Service& service, HttpServer& http) {
  try {
    const auto options = control.read_again();
    if (!options) return;
    require_models(options->service.models);
    if (options->http.tls) http.use(*options->http.tls);
    service.access().replace(options->service.access);
    service.use_models(options->service.models);
    service.log({{"event", "read_again"}, {"models", options->service.models.size()}});
  } catch (const Error& error) {
    service.log({{"event", "not_read_again"}, {"error", error.what()}});
  }
}

}  // namespace

std::string model_name_of(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path given(path);
  if (!given.has_filename()) given = given.parent_path();  // "folder/"
  std::error_code ignored;
  return fs::is_directory(given, ignored) ? given.filename().string() : given.stem().string();
}

void serve(const ServerOptions& options, const ServerControl& control) {
  require_models(options.service.models);
  Service service(options.service);
  if (options.loads_at_once) service.models().open(options.service.models.front().name);
  bool is_clean = false;
  {
    HttpServerOptions http_options = options.http;
    http_options.reads_by_pieces = [&service](const HttpRequest& head) { return service.reads_by_pieces(head); };
    HttpServer http(http_options, [&service](auto request, auto response) {
      service.answer(std::move(request), std::move(response));
    });
    control.listening(http.port());
    service.log({{"event", "listening"},
                 {"host", options.http.host},
                 {"port", http.port()},
                 {"tls", options.http.tls.has_value()}});
    while (!control.is_over()) {
      std::this_thread::sleep_for(kLookAgain);
      service.models().tidy();
      if (control.read_again) read_again(control, service, http);
    }
    service.set_draining();
    service.log({{"event", "draining"}, {"connections", http.connections()}});
    is_clean = http.drain(options.drain_seconds);
  }
  service.models().close();
  service.log({{"event", "stopped"}, {"clean", is_clean}});
}

}  // namespace adze::server
