#include "server/model_host.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "server/adapter_choice.h"

namespace adze::server {
namespace {

namespace fs = std::filesystem;

// The files of a model: one, or those of its folder.
std::vector<fs::path> files_of(const std::string& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {path};
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(path, ignored)) {
    if (file.is_regular_file(ignored)) files.push_back(file.path());
  }
  std::ranges::sort(files);
  return files;
}

// About what a model will need: its file, all of it.
int64_t bytes_on_disk(const std::string& path) {
  int64_t bytes = 0;
  for (const auto& file : files_of(path)) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

// Another text when a file was written or put in the place of another.
std::string fingerprint_of(const std::string& path) {
  std::string fingerprint;
  for (const auto& file : files_of(path)) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) continue;
    fingerprint += fmt::format("{} {} {} {}.{:09}\n", file.filename().string(), status.st_ino, status.st_size,
                               status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
  return fingerprint;
}

std::string fingerprint_of(const ModelSettings& settings) {
  std::string fingerprint = fingerprint_of(settings.path);
  if (settings.draft_model) fingerprint += fingerprint_of(*settings.draft_model);
  for (const auto* adapters : {&settings.adapters, &settings.applied_adapters}) {
    for (const auto& adapter : *adapters) fingerprint += fingerprint_of(adapter.path);
  }
  return fingerprint;
}

int64_t bytes_of(const ServedModel& model, int64_t file_bytes) { return std::max(model.bytes(), file_bytes); }

}  // namespace

ModelHost::ModelHost(std::vector<ModelSettings> models, int64_t max_bytes, double keep_seconds)
    : max_bytes_(max_bytes), keep_seconds_(keep_seconds) {
  for (auto& settings : models) entries_.push_back(make_entry(std::move(settings), keep_seconds));
}

ModelHost::EntryPtr ModelHost::make_entry(ModelSettings settings, double keep_seconds) const {
  auto made = std::make_shared<Entry>();
  made->file_bytes = bytes_on_disk(settings.path);
  made->fingerprint = fingerprint_of(settings);
  made->settings = std::move(settings);
  made->keep_seconds = keep_seconds;
  return made;
}

ModelHost::~ModelHost() = default;

std::string ModelHost::resolve(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return resolve_locked(name);
}

std::string ModelHost::resolve_locked(const std::string& name) const {
  const auto holds = [&](const auto& entry) { return entry->settings.name == name; };
  if (std::ranges::any_of(entries_, holds)) return name;
  for (const auto& entry : entries_) {
    if (adapter_called(entry->settings, name)) return entry->settings.name;
  }
  // Clients that cannot leave the name out send any; and ":latest" is how some of them say "the default one".
  if (name.empty() || entries_.size() == 1) return entries_.front()->settings.name;
  constexpr std::string_view kTag = ":latest";
  if (name.ends_with(kTag)) return name.substr(0, name.size() - kTag.size());
  return name;
}

const ModelHost::EntryPtr& ModelHost::entry(const std::string& name) {
  const std::string resolved = resolve_locked(name);
  std::vector<std::string> names;
  for (const auto& each : entries_) {
    if (each->settings.name == resolved) return each;
    names.push_back(each->settings.name);
  }
  fail(ErrorCode::not_found, "there is no model '{}'; there are: {}", name, fmt::join(names, ", "));
}

// Puts away the longest unused ones until the wanted one fits. They are destroyed by the caller, without the lock.
void ModelHost::make_room(const Entry& wanted, std::vector<std::shared_ptr<ServedModel>>& put_away) {
  if (max_bytes_ <= 0) return;
  for (;;) {
    int64_t used = wanted.file_bytes;
    for (const auto& old : retired_) used += old->served ? bytes_of(*old->served, old->file_bytes) : 0;
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
  const EntryPtr found = entry(name);
  if (is_closed_) fail(ErrorCode::cancelled, "the server is about to end");
  loaded_.wait(lock, [&] { return !found->is_loading; });
  const auto served = found->served ? found->served : load(*found, lock);
  found->last_use_ns = now_ns();
  return served;
}

// Whoever uses it goes on with it; tidy() puts it away afterwards.
void ModelHost::retire(EntryPtr& entry) {
  if (entry->served || entry->is_loading) retired_.push_back(entry);
  entry.reset();
}

void ModelHost::replace(std::vector<ModelSettings> models) {
  const std::lock_guard lock(mutex_);
  std::vector<EntryPtr> old = std::move(entries_);
  entries_.clear();
  for (auto& settings : models) {
    const auto is_same = [&](const EntryPtr& each) {
      return each && each->settings == settings && each->fingerprint == fingerprint_of(settings);
    };
    const auto kept = std::ranges::find_if(old, is_same);
    entries_.push_back(kept != old.end() ? std::move(*kept) : make_entry(std::move(settings), keep_seconds_));
  }
  for (auto& each : old) {
    if (each) retire(each);
  }
}

void ModelHost::put(ModelSettings settings) {
  const std::lock_guard lock(mutex_);
  const auto old = std::ranges::find(entries_, settings.name, [](const auto& each) { return each->settings.name; });
  auto made = make_entry(std::move(settings), keep_seconds_);
  if (old == entries_.end()) {
    entries_.push_back(std::move(made));
  } else {
    retire(*old);
    *old = std::move(made);
  }
}

bool ModelHost::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, entry(name));
  if (entries_.size() == 1) return false;
  retire(*found);
  entries_.erase(found);
  return true;
}

bool ModelHost::holds(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(entries_, [&](const auto& each) { return each->settings.name == name; });
}

ModelSettings ModelHost::settings(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return entry(name)->settings;
}

bool ModelHost::refresh(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, entry(name));
  if ((*found)->fingerprint == fingerprint_of((*found)->settings)) return false;
  auto fresh = make_entry((*found)->settings, (*found)->keep_seconds);
  retire(*found);
  *found = std::move(fresh);
  return true;
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
  const EntryPtr found = entry(name);
  if (!found->served || found->served.use_count() > 1) return false;
  put_away.swap(found->served);
  return true;
}

void ModelHost::keep(const std::string& name, double seconds) {
  const std::lock_guard lock(mutex_);
  entry(name)->keep_seconds = seconds;
}

void ModelHost::tidy() {
  std::vector<std::shared_ptr<ServedModel>> put_away;
  const std::lock_guard lock(mutex_);
  std::erase_if(retired_, [&](const EntryPtr& old) {
    if (old->is_loading || old.use_count() > 1 || (old->served && old->served.use_count() > 1)) return false;
    put_away.push_back(std::move(old->served));
    return true;
  });
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
  entries_.insert(entries_.end(), retired_.begin(), retired_.end());
  retired_.clear();
  loaded_.wait(lock, [&] { return std::ranges::none_of(entries_, [](const auto& each) { return each->is_loading; }); });
  lock.unlock();
  for (const auto& each : entries_) {
    if (each->served) each->served->close();
  }
}

}  // namespace adze::server
