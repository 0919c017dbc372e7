#include "server/model_store.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/locked_file.h"
#include "server/request_error.h"
#include "server/server_config.h"

namespace adze::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::string_view kBlobPrefix = "sha256-";
constexpr std::string_view kTemporaryPrefix = "made-";
constexpr size_t kDigits = 64;
constexpr size_t kMostFiles = 1024;
constexpr size_t kMostNameBytes = 200;

std::string digits_of(const std::string& digest) {
  const auto digits = digest.starts_with(kAlgorithm) ? digest.substr(kAlgorithm.size()) : std::string();
  if (digits.size() == kDigits && digits.find_first_not_of("0123456789abcdef") == std::string::npos) return digits;
  throw RequestError(400, fmt::format("'{}' is no digest: sha256: and 64 hexadecimal digits", digest.substr(0, 100)));
}

// Of a file that a client sends for a model's folder.
void check_file_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  const bool is_name =
      !name.empty() && name.size() <= kMostNameBytes && name.front() != '.' && std::ranges::all_of(name, is_plain);
  if (!is_name) throw RequestError(400, fmt::format("'{}' is no name for a file", name.substr(0, 100)));
}

std::vector<std::string> paths_of(const ModelSettings& settings) {
  std::vector<std::string> paths{settings.path};
  if (settings.template_file) paths.push_back(*settings.template_file);
  if (settings.draft_model) paths.push_back(*settings.draft_model);
  for (const auto* adapters : {&settings.adapters, &settings.applied_adapters}) {
    for (const auto& adapter : *adapters) paths.push_back(adapter.path);
  }
  return paths;
}

// A folder is links to blobs, and needs them.
std::set<fs::path> with_linked(const std::vector<std::string>& paths) {
  std::set<fs::path> all;
  std::error_code ignored;
  for (const auto& path : paths) {
    all.insert(fs::path(path).lexically_normal());
    if (!fs::is_directory(path, ignored)) continue;
    for (const auto& entry : fs::directory_iterator(path, ignored)) {
      all.insert((entry.path().parent_path() / fs::read_symlink(entry.path(), ignored)).lexically_normal());
    }
  }
  return all;
}

std::set<fs::path> needed_by(const std::vector<ModelSettings>& models) {
  std::set<fs::path> all;
  for (const auto& model : models) all.merge(with_linked(paths_of(model)));
  return all;
}

void remove_unneeded(const std::string& folder, const std::set<fs::path>& candidates,
                     const std::vector<ModelSettings>& models) {
  const auto needed = needed_by(models);
  std::error_code ignored;
  for (const auto& path : candidates) {
    const auto place = path.parent_path();
    const bool is_ours = place == fs::path(folder) / "blobs" || place == fs::path(folder) / "folders";
    if (is_ours && !needed.contains(path)) fs::remove_all(path, ignored);
  }
}

std::string canonical_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const auto path = fs::canonical(folder, error);
  if (error) fail(ErrorCode::io, "{}: the store cannot be made: {}", folder, error.message());
  return path.string();
}

}  // namespace

ModelStore::ModelStore(const ModelStoreOptions& options)
    : folder_(canonical_folder(options.folder)),
      most_bytes_(static_cast<uint64_t>(options.most_bytes)),
      lock_(open_locked(folder_ + "/lock")) {
  try {
    make_folders();
    read();
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

ModelStore::~ModelStore() { ::close(lock_); }

void ModelStore::make_folders() const {
  std::error_code error;
  for (const char* name : {"blobs", "folders"}) {
    fs::create_directories(fs::path(folder_) / name, error);
    if (error) fail(ErrorCode::io, "{}/{}: cannot be made: {}", folder_, name, error.message());
  }
}

void ModelStore::read() {
  const std::string path = folder_ + "/models.json";
  if (fs::exists(path)) {
    const Json document = read_json_file(path);
    with_context(path, [&] {
      const Json* list = Fields(document).list("models");
      for (size_t i = 0; list && i < list->size(); ++i) {
        models_.push_back(read_model_settings((*list)[i], fmt::format("models[{}]", i), path));
      }
    });
  }
  std::set<fs::path> all;
  for (const char* name : {"blobs", "folders"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(folder_) / name)) all.insert(entry.path());
  }
  remove_unneeded(folder_, all, models_);
}

std::vector<ModelSettings> ModelStore::models() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

void ModelStore::write(const std::vector<ModelSettings>& models) {
  Json list = Json::array();
  for (const auto& model : models) list.push_back(model_settings_json(model, folder_));
  write_text_file(folder_ + "/models.json", Json{{"models", std::move(list)}}.dump(2) + "\n");
}

void ModelStore::put(const ModelSettings& settings) {
  const std::lock_guard lock(mutex_);
  for (const auto& path : with_linked(paths_of(settings))) {
    if (!fs::exists(path)) fail(ErrorCode::not_found, "{}: is no more", path.string());
  }
  auto models = models_;
  const auto old = std::ranges::find(models, settings.name, &ModelSettings::name);
  std::set<fs::path> freed;
  if (old == models.end()) {
    models.push_back(settings);
  } else {
    freed = with_linked(paths_of(*old));
    *old = settings;
  }
  write(models);
  models_ = std::move(models);
  remove_unneeded(folder_, freed, models_);
}

void ModelStore::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto models = models_;
  const auto old = std::ranges::find(models, name, &ModelSettings::name);
  if (old == models.end()) return;
  const auto freed = with_linked(paths_of(*old));
  models.erase(old);
  write(models);
  models_ = std::move(models);
  remove_unneeded(folder_, freed, models_);
}

std::string ModelStore::path_of_digits(const std::string& digits) const {
  return fmt::format("{}/blobs/{}{}", folder_, kBlobPrefix, digits);
}

bool ModelStore::has_blob(const std::string& digest) const { return fs::exists(path_of_digits(digits_of(digest))); }

std::string ModelStore::blob_path(const std::string& digest) const {
  if (!has_blob(digest))
    throw RequestError(404, fmt::format("there is no blob {}; send it to /api/blobs/{}", digest, digest));
  return path_of_digits(digits_of(digest));
}

uint64_t ModelStore::room() const {
  uint64_t used = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ + "/blobs", ignored)) {
    const auto size = entry.file_size(ignored);
    if (!ignored) used += size;
  }
  return most_bytes_ > used ? most_bytes_ - used : 0;
}

std::string ModelStore::add_text(std::string_view text) {
  const std::string digits = sha256_of(text);
  if (!fs::exists(path_of_digits(digits))) write_text_file(path_of_digits(digits), text);
  return std::string(kAlgorithm) + digits;
}

std::string ModelStore::adopt(const std::string& path) {
  const std::string digits = sha256_of_file(path);
  std::error_code error;
  fs::rename(path, path_of_digits(digits), error);
  if (error) fail(ErrorCode::io, "{}: cannot become a blob: {}", path, error.message());
  return std::string(kAlgorithm) + digits;
}

std::string ModelStore::temporary_path() {
  const std::lock_guard lock(mutex_);
  return fmt::format("{}/blobs/{}{}.gguf", folder_, kTemporaryPrefix, ++temporaries_);
}

std::string ModelStore::folder_of(const std::map<std::string, std::string>& digest_of_name) {
  if (digest_of_name.size() > kMostFiles) {
    throw RequestError(400,
                       fmt::format("there are {} files, at most {} are allowed", digest_of_name.size(), kMostFiles));
  }
  std::string listing;
  for (const auto& [name, digest] : digest_of_name) {
    check_file_name(name);
    blob_path(digest);
    listing += fmt::format("{} {}\n", digest, name);
  }
  const auto path = fmt::format("{}/folders/{}{}", folder_, kBlobPrefix, sha256_of(listing));
  const std::lock_guard lock(mutex_);
  fs::create_directories(path);
  for (const auto& [name, digest] : digest_of_name) {
    std::error_code error;
    fs::create_symlink(fmt::format("../../blobs/{}{}", kBlobPrefix, digits_of(digest)), fs::path(path) / name, error);
    if (error && error != std::errc::file_exists) fail(ErrorCode::io, "{}/{}: {}", path, name, error.message());
  }
  return path;
}

std::unique_ptr<ModelStore::Upload> ModelStore::upload(const std::string& digest) {
  auto digits = digits_of(digest);
  return std::unique_ptr<Upload>(new Upload(path_of_digits(digits), digits));
}

void ModelStore::Upload::append(std::string_view piece) {
  file_.append(piece);
  sum_.add(piece);
}

void ModelStore::Upload::commit() {
  if (const auto found = sum_.finish(); found != digits_) {
    throw RequestError(400, fmt::format("the body's digest is sha256:{}, not sha256:{}", found, digits_));
  }
  file_.commit();
}

}  // namespace adze::server
