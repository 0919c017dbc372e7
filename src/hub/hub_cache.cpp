#include "hub/hub_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace adze::hub {
namespace {

namespace fs = std::filesystem;

void create_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(ErrorCode::io, "{}: cannot create this folder: {}", path.string(), error.message());
}

// Every '/' of "owner/repo" as "--".
std::string folder_name_of(const std::string& repository) {
  std::string name = "models--";
  for (const char c : repository) name += c == '/' ? std::string("--") : std::string(1, c);
  return name;
}

bool is_commit(const std::string& text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// A link that replaces an old one at once.
void replace_link(const fs::path& target, const fs::path& link) {
  std::error_code error;
  const fs::path temporary = fmt::format("{}.{}.tmp", link.string(), ::getpid());
  fs::remove(temporary, error);
  fs::create_symlink(target, temporary, error);
  if (error) {  // a file system without them: the same bytes under another name
    fs::create_hard_link(link.parent_path() / target, temporary, error);
  }
  if (error) fail(ErrorCode::io, "{}: cannot link here: {}", link.string(), error.message());
  fs::rename(temporary, link, error);
  if (error) fail(ErrorCode::io, "{}: cannot be renamed: {}", link.string(), error.message());
}

// Paths of all files below, with '/' between their parts. Names of temporary links are left out.
std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored) || !entry.exists(ignored) || entry.path().extension() == ".tmp") continue;
    paths.push_back(entry.path().lexically_relative(folder).generic_string());
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

std::string HubCache::repository_path(const std::string& repository) const {
  return folder_ + "/" + folder_name_of(repository);
}

std::string HubCache::blob_path(const std::string& repository, const HubFile& file) const {
  return repository_path(repository) + "/blobs/" + file.blob_name();
}

std::string HubCache::snapshot_path(const std::string& repository, const std::string& commit) const {
  return repository_path(repository) + "/snapshots/" + commit;
}

void HubCache::link(const HubRepository& repository, const HubFile& file) const {
  const fs::path link = fs::path(snapshot_path(repository.name, repository.commit)) / file.path;
  create_folder(link.parent_path());
  const auto target = fs::path(blob_path(repository.name, file)).lexically_relative(link.parent_path());
  std::error_code ignored;
  if (fs::is_symlink(link, ignored) && fs::read_symlink(link, ignored) == target) return;
  replace_link(target, link);
}

void HubCache::set_revision(const HubRepository& repository, const std::string& revision) const {
  if (revision == repository.commit) return;
  const fs::path path = fs::path(repository_path(repository.name)) / "refs" / revision;
  create_folder(path.parent_path());
  write_text_file(path.string(), repository.commit);
}

std::optional<std::string> HubCache::commit_of(const HubName& name) const {
  std::error_code ignored;
  if (is_commit(name.revision) && fs::is_directory(snapshot_path(name.repository, name.revision), ignored)) {
    return name.revision;
  }
  const auto path = repository_path(name.repository) + "/refs/" + name.revision;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  auto commit = read_text_file(path);
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back()))) commit.pop_back();
  if (is_commit(commit)) return commit;
  fail(ErrorCode::bad_input, "{}: holds no commit; fetch {} again", path, name.text());
}

std::string HubCache::model_path(const HubName& name) const {
  const auto commit = commit_of(name);
  const auto folder = commit ? snapshot_path(name.repository, *commit) : std::string();
  const auto paths = commit ? files_below(folder) : std::vector<std::string>();
  if (paths.empty()) {
    fail(ErrorCode::not_found, "{}: is not on this machine; fetch it with `adze pull {}`", name.text(), name.text());
  }
  if (!name.file.empty() && gguf_models_among(matching_paths(paths, name.file)) > 1) {
    fail(ErrorCode::bad_input, "{}: means several models; name one of them in full", name.text());
  }
  return path_of_model(folder, paths, name);
}

std::string path_of_model(const std::string& folder, const std::vector<std::string>& paths, const HubName& name) {
  auto wanted = name.file.empty() ? paths_of_model(paths, name.repository) : matching_paths(paths, name.file);
  if (wanted.empty()) {
    fail(ErrorCode::not_found, "{}: none of the files on this machine is called so; fetch it with `adze pull {}`",
         name.text(), name.text());
  }
  const bool is_folder = std::ranges::find(wanted, "config.json") != wanted.end() || gguf_models_among(wanted) > 1;
  if (is_folder) return folder;
  std::ranges::sort(wanted);  // the first part of a split model
  return folder + "/" + wanted.front();
}

HubLock::HubLock(const HubCache& cache, const std::string& repository, const std::string& name, Progress& progress) {
  const fs::path folder = fs::path(cache.folder()) / ".locks" / folder_name_of(repository);
  create_folder(folder);
  const auto path = (folder / (name + ".lock")).string();
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ErrorCode::io, "{}: cannot create a file here: {}", path, std::strerror(errno));
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    if (reason != EWOULDBLOCK && reason != EINTR) {
      ::close(descriptor_);
      fail(ErrorCode::io, "{}: cannot be locked: {}", path, std::strerror(reason));
    }
    progress.update("waiting for another program that fetches this", 0, 1);
    if (progress.cancelled()) {
      ::close(descriptor_);
      fail(ErrorCode::cancelled, "stopped while another program was fetching {}", name);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// The file stays: removing it would let two others hold two files of this name.
HubLock::~HubLock() { ::close(descriptor_); }

}  // namespace adze::hub
