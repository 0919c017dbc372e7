// The models of a server by their names: loaded when first asked for, put away when others need the memory, read again
// when their files have changed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/served_model.h"

namespace adze::server {

struct HostedModel {
  ModelSettings settings;
  std::shared_ptr<ServedModel> served;  // null: not in memory
  double idle_seconds = 0;
  int64_t file_bytes = 0;
};

class ModelHost {
 public:
  /// `max_bytes`: of all models in memory together; 0: any. `keep_seconds`: one that nobody asks for so long is put
  /// away; negative: never. REQUIRES: at least one model, names that differ.
  ModelHost(std::vector<ModelSettings> models, int64_t max_bytes, double keep_seconds);
  ~ModelHost();

  /// Loads it if need be; other models are available meanwhile. Whoever holds it keeps it in memory. Throws
  /// Error(not_found) listing the names, Error(out_of_memory) when those in use leave no room, and what loading throws.
  std::shared_ptr<ServedModel> open(const std::string& name);
  /// The name of the model that is meant: its own, or that of one of its adapters. With one model, any name is right.
  std::string resolve(const std::string& name) const;

  std::vector<HostedModel> list() const;
  /// Puts away one that nobody uses. False when it was not in memory, or is in use.
  bool unload(const std::string& name);
  /// For this model instead of the host's own.
  void keep(const std::string& name, double seconds);
  /// From now on these models. What is the same, settings and files, stays as it is. What is not is read anew when it
  /// is next asked for; requests that use an old one keep it until they end. REQUIRES: as for the constructor.
  void replace(std::vector<ModelSettings> models);
  /// The same for one whose file may have changed. False when it has not. Throws Error(not_found).
  bool refresh(const std::string& name);
  /// One more, or another one of that name.
  void put(ModelSettings settings);
  /// Requests that use it keep it. False for the last one, which stays. Throws Error(not_found).
  bool remove(const std::string& name);
  /// By its very name.
  bool holds(const std::string& name) const;
  /// Throws Error(not_found).
  ModelSettings settings(const std::string& name);
  /// Puts away what was idle for too long, and what was replaced. To be called now and then.
  void tidy();
  /// Ends all engines, whatever they are doing. Nothing is opened any more.
  void close();

 private:
  struct Entry {
    ModelSettings settings;
    std::shared_ptr<ServedModel> served;
    bool is_loading = false;
    int64_t last_use_ns = 0;
    double keep_seconds = -1;
    int64_t file_bytes = 0;
    std::string fingerprint;  // of its files, without reading them
  };
  using EntryPtr = std::shared_ptr<Entry>;
  EntryPtr make_entry(ModelSettings settings, double keep_seconds) const;
  std::string resolve_locked(const std::string& name) const;
  const EntryPtr& entry(const std::string& name);
  void retire(EntryPtr& entry);
  void make_room(const Entry& wanted, std::vector<std::shared_ptr<ServedModel>>& put_away);
  std::shared_ptr<ServedModel> load(Entry& entry, std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  std::vector<EntryPtr> entries_;  // in the order in which they were given
  std::vector<EntryPtr> retired_;  // replaced, but still in use
  int64_t max_bytes_;
  double keep_seconds_;
  bool is_closed_ = false;
};

}  // namespace adze::server
