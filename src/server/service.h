// Everything behind HTTP: finds the endpoint of a request, who asks, and the model; counts and logs.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "hub/hub_files.h"
#include "server/access.h"
#include "server/background_work.h"
#include "server/endpoint.h"
#include "server/metrics.h"
#include "server/model_host.h"
#include "server/model_store.h"
#include "server/response_store.h"

namespace adze::server {

/// Where models are fetched from, and where they come to lie.
struct ModelSource {
  hub::HubOptions options;
  std::string cache_folder;
};

struct ServiceOptions {
  std::vector<ModelSettings> models;
  int64_t max_model_bytes = 0;
  double keep_seconds = -1;
  AccessRules access;
  bool is_strict = false;
  std::optional<ModelSource> hub = {};  // none: nothing is fetched
  int64_t max_choices = 16;
  int64_t stored_response_bytes = int64_t{64} << 20;  // in memory; 0: responses are not kept
  ModelStoreOptions store = {};
  /// Gets one line of JSON for each request and event; may be called by any thread.
  std::function<void(const Json&)> log = nullptr;
};

class Service {
 public:
  explicit Service(ServiceOptions options);

  /// Never throws.
  void answer(std::shared_ptr<const HttpRequest> request, std::shared_ptr<HttpResponse> response);

  /// Of which the handler reads the body.
  bool reads_by_pieces(const HttpRequest& head) const;

  ModelHost& models() { return models_; }
  /// Throws Error(unsupported) where there is none.
  ModelStore& store();
  /// From now on these models, and those of the store.
  void use_models(std::vector<ModelSettings> configured);
  /// Whether the command line or the configuration has it.
  bool is_configured(const std::string& name) const;
  /// One more, or another one of that name; also after the next start, where there is a store.
  void put_model(const ModelSettings& settings);
  /// ModelHost::remove, also for the next start.
  bool remove_model(const std::string& name);
  Access& access() { return access_; }
  /// The model, which the exchange is then logged with.
  std::shared_ptr<ServedModel> open_model(Exchange& exchange, const std::string& name);
  ResponseStore& responses() { return responses_; }
  BackgroundWork& background() { return background_; }
  RequestMetrics& metrics() { return metrics_; }
  const ServiceOptions& options() const { return options_; }
  void log(const Json& event) const;
  /// Says in the log, if there is one, which fields were not known; with --strict that is an error.
  void check_fields(Exchange& exchange, const Json& object, std::span<const struct RequestField> fields) const;

  void set_draining() { is_draining_ = true; }
  bool is_draining() const { return is_draining_; }

 private:
  void dispatch(const ExchangePtr& exchange);
  void answer_preflight(const ExchangePtr& exchange);
  std::vector<ModelSettings> with_stored(std::vector<ModelSettings> configured);

  ServiceOptions options_;
  Access access_;
  RequestMetrics metrics_;
  ResponseStore responses_;
  std::atomic<bool> is_draining_{false};
  std::unique_ptr<ModelStore> store_;  // null: what operators do lasts until the end
  mutable std::mutex configured_mutex_;
  std::set<std::string> configured_;
  ModelHost models_;
  BackgroundWork background_;  // last: it uses the others
};

}  // namespace adze::server
