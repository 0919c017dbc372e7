#include "server/response_store.h"

#include "server/endpoint.h"

namespace adze::server {

void ResponseStore::keep(StoredResponse response) {
  const auto bytes = static_cast<int64_t>(to_text(response.document).size() + to_text(response.turns).size());
  if (bytes > max_bytes_) return;
  const std::lock_guard lock(mutex_);
  while (bytes_ + bytes > max_bytes_) erase(std::prev(entries_.end()));
  auto id = response.id;
  entries_.push_front({std::make_shared<const StoredResponse>(std::move(response)), bytes});
  by_id_[std::move(id)] = entries_.begin();
  bytes_ += bytes;
}

std::shared_ptr<const StoredResponse> ResponseStore::find(const std::string& id, const std::string& owner) {
  const std::lock_guard lock(mutex_);
  const auto entry = find_entry(id, owner);
  if (entry == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->response;
}

bool ResponseStore::forget(const std::string& id, const std::string& owner) {
  const std::lock_guard lock(mutex_);
  const auto entry = find_entry(id, owner);
  if (entry == entries_.end()) return false;
  erase(entry);
  return true;
}

int64_t ResponseStore::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

ResponseStore::Entries::iterator ResponseStore::find_entry(const std::string& id, const std::string& owner) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() || found->second->response->owner != owner ? entries_.end() : found->second;
}

void ResponseStore::erase(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_id_.erase(entry->response->id);
  entries_.erase(entry);
}

}  // namespace adze::server
