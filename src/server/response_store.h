// Responses that clients may come back to: in memory, the longest unused ones forgotten first.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/json.h"

namespace adze::server {

struct StoredResponse {
  std::string id;
  std::string owner;  // name of the API key; empty: no keys
  Json document;
  Json turns;  // the conversation up to and with the answer, as chat templates take it
};

class ResponseStore {
 public:
  /// `max_bytes`: of all of them, as text; 0: nothing is kept.
  explicit ResponseStore(int64_t max_bytes) : max_bytes_(max_bytes) {}

  void keep(StoredResponse response);
  /// Null: there is none, or it is somebody else's.
  std::shared_ptr<const StoredResponse> find(const std::string& id, const std::string& owner);
  /// False: there is none, or it is somebody else's.
  bool forget(const std::string& id, const std::string& owner);

  bool keeps_any() const { return max_bytes_ > 0; }
  int64_t bytes() const;

 private:
  struct Entry {
    std::shared_ptr<const StoredResponse> response;
    int64_t bytes;
  };
  using Entries = std::list<Entry>;
  void erase(Entries::iterator entry);
  Entries::iterator find_entry(const std::string& id, const std::string& owner);

  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  Entries entries_;  // last used first
  std::map<std::string, Entries::iterator> by_id_;
  int64_t bytes_ = 0;
};

}  // namespace adze::server
