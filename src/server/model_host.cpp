#include "server/model_host.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace adze::server {
namespace {

// About what a model will need: its file, all of it.
int64_t bytes_on_disk(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    const auto bytes = fs::file_size(path, ignored);
    return ignored ? 0 : static_cast<int64_t>(bytes);
  }
  int64_t bytes = 0;
  for (const auto& file : fs::directory_iterator(path, ignored)) {
    if (file.is_regular_file(ignored)) bytes += static_cast<int64_t>(file.file_size(ignored));
  }
  return bytes;
}

int64_t bytes_of(const ServedModel& model, int64_t file_bytes) { return std::max(model.bytes(), file_bytes); }

}  // namespace

ModelHost::ModelHost(std::vector<ModelSettings> models, int64_t max_bytes, double keep_seconds)
    : max_bytes_(max_bytes) {
  for (auto& settings : models) {
    auto added = std::make_unique<Entry>();
    added->file_bytes = bytes_on_disk(settings.path);
    added->settings = std::move(settings);
    added->keep_seconds = keep_seconds;
    entries_.push_back(std::move(added));
  }
}

ModelHost::~ModelHost() = default;

std::string ModelHost::resolve(const std::string& name) const {
  const auto holds = [&](const auto& entry) { return entry->settings.name == name; };
  if (std::ranges::any_of(entries_, holds)) return name;
  // Clients that cannot leave the name out send any; and ":latest" is how some of them say "the default one".
  if (name.empty() || entries_.size() == 1) return entries_.front()->settings.name;
  constexpr std::string_view kTag = ":latest";
  if (name.ends_with(kTag)) return name.substr(0, name.size() - kTag.size());
  return name;
}

ModelHost::Entry& ModelHost::entry(const std::string& name) {
  const std::string resolved = resolve(name);
  std::vector<std::string> names;
  for (const auto& each : entries_) {
    if (each->settings.name == resolved) return *each;
    names.push_back(each->settings.name);
  }
  fail(ErrorCode::not_found, "there is no model '{}'; there are: {}", name, fmt::join(names, ", "));
}

// Puts away the longest unused ones until the wanted one fits. They are destroyed by the caller, without the lock.
void ModelHost::make_room(const Entry& wanted, std::vector<std::shared_ptr<ServedModel>>& put_away) {
  if (max_bytes_ <= 0) return;
  for (;;) {
    int64_t used = wanted.file_bytes;
    Entry* oldest = nullptr;
    for (const auto& each : entries_) {
      if (each->is_loading && each.get() != &wanted) used += each->file_bytes;
      if (!each->served) continue;
      used += bytes_of(*each->served, each->file_bytes);
      const bool is_idle = each->served.use_count() == 1;
      if (is_idle && (!oldest || each->last_use_ns < oldest->last_use_ns)) oldest = each.get();
    }
    if (used <= max_bytes_) return;
    if (!oldest) {
      fail(ErrorCode::out_of_memory,
           "{} needs about {} MB; with the models in use that is more than --max-ram ({} MB); try again later",
           wanted.settings.name, wanted.file_bytes / 1'000'000, max_bytes_ / 1'000'000);
    }
    put_away.push_back(std::move(oldest->served));
    oldest->served = nullptr;
  }
}

std::shared_ptr<ServedModel> ModelHost::load(Entry& entry, std::unique_lock<std::mutex>& lock) {
  std::vector<std::shared_ptr<ServedModel>> put_away;
  make_room(entry, put_away);
  entry.is_loading = true;
  lock.unlock();
  put_away.clear();
  std::shared_ptr<ServedModel> served;
  std::exception_ptr failure;
  try {
    served = std::make_shared<ServedModel>(entry.settings);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  entry.is_loading = false;
  entry.served = served;
  loaded_.notify_all();
  if (failure) std::rethrow_exception(failure);
  return served;
}

std::shared_ptr<ServedModel> ModelHost::open(const std::string& name) {
  std::unique_lock lock(mutex_);
  Entry& found = entry(name);
  if (is_closed_) fail(ErrorCode::cancelled, "the server is about to end");
  loaded_.wait(lock, [&] { return !found.is_loading; });
  const auto served = found.served ? found.served : load(found, lock);
  found.last_use_ns = now_ns();
  return served;
}

std::vector<HostedModel> ModelHost::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<HostedModel> models;
  for (const auto& each : entries_) {
    models.push_back(
        {each->settings, each->served, each->served ? seconds_since(each->last_use_ns) : 0, each->file_bytes});
  }
  return models;
}

bool ModelHost::unload(const std::string& name) {
  std::shared_ptr<ServedModel> put_away;
  const std::lock_guard lock(mutex_);
  Entry& found = entry(name);
  if (!found.served || found.served.use_count() > 1) return false;
  put_away.swap(found.served);
  return true;
}

void ModelHost::keep(const std::string& name, double seconds) {
  const std::lock_guard lock(mutex_);
  entry(name).keep_seconds = seconds;
}

void ModelHost::tidy() {
  std::vector<std::shared_ptr<ServedModel>> put_away;
  const std::lock_guard lock(mutex_);
  for (const auto& each : entries_) {
    if (!each->served) continue;
    if (each->served.use_count() > 1) {
      each->last_use_ns = now_ns();
    } else if (each->keep_seconds >= 0 && seconds_since(each->last_use_ns) > each->keep_seconds) {
      put_away.push_back(std::move(each->served));
      each->served = nullptr;
    }
  }
}

void ModelHost::close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  loaded_.wait(lock, [&] { return std::ranges::none_of(entries_, [](const auto& each) { return each->is_loading; }); });
  lock.unlock();
  for (const auto& each : entries_) {
    if (each->served) each->served->close();
  }
}

}  // namespace adze::server
