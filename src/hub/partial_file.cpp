#include "hub/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace adze::hub {
namespace {

constexpr std::string_view kSizeWord = "size ";
constexpr std::string_view kTagWord = "tag ";
constexpr std::string_view kThereWord = "there ";
constexpr size_t kMaxTagBytes = 512;

int open_partial(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(ErrorCode::io, "{}: cannot create a file here: {}", path, std::strerror(errno));
  return descriptor;
}

uint64_t size_of(int descriptor) {
  struct stat info{};
  return ::fstat(descriptor, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

std::optional<uint64_t> number_in(std::string_view& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return value;
}

}  // namespace

PartialFile::PartialFile(std::string path, uint64_t size)
    : path_(std::move(path)),
      temporary_path_(path_ + ".adze-partial"),
      size_(size),
      descriptor_(open_partial(temporary_path_)),
      log_(path_ + ".adze-ranges") {
  read_log();
}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PartialFile::start_log() {
  there_.clear();
  entity_tag_.clear();
  log_.keep(0);
  log_.append(fmt::format("{}{}", kSizeWord, size_));
}

// What makes no sense ends the reading: it will be fetched again.
void PartialFile::read_log() {
  const auto lines = log_.lines();
  if (lines.empty() || lines.front() != fmt::format("{}{}", kSizeWord, size_)) return start_log();
  const uint64_t written = size_of(descriptor_);
  for (std::string_view line : lines) {
    if (line.starts_with(kTagWord)) entity_tag_ = line.substr(kTagWord.size());
    if (!line.starts_with(kThereWord)) continue;
    line.remove_prefix(kThereWord.size());
    const auto begin = number_in(line);
    const auto end = number_in(line);
    if (begin && end && *begin < *end && *end <= size_ && *end <= written) add({*begin, *end});
  }
}

void PartialFile::add(const ByteRange& range) {
  ByteRange joined = range;
  std::vector<ByteRange> apart;
  for (const auto& other : there_) {
    if (other.end < joined.begin || other.begin > joined.end) {
      apart.push_back(other);
    } else {
      joined = {std::min(joined.begin, other.begin), std::max(joined.end, other.end)};
    }
  }
  apart.insert(std::ranges::upper_bound(apart, joined.begin, {}, &ByteRange::begin), joined);
  there_ = std::move(apart);
}

std::vector<ByteRange> PartialFile::missing(uint64_t most_bytes) const {
  const std::lock_guard lock(mutex_);
  std::vector<ByteRange> ranges;
  uint64_t position = 0;
  const auto take_until = [&](uint64_t end) {
    for (; position < end; position = ranges.back().end) {
      ranges.push_back({position, std::min(end, position + most_bytes)});
    }
  };
  for (const auto& range : there_) {
    take_until(range.begin);
    position = range.end;
  }
  take_until(size_);
  return ranges;
}

uint64_t PartialFile::bytes_there() const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& range : there_) bytes += range.size();
  return bytes;
}

void PartialFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      fail(ErrorCode::io, "{}: cannot write at byte {} of {}: {}{}", path_, offset, size_, std::strerror(errno),
           is_full ? "; make room and start again: what has come is kept" : "");
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

void PartialFile::note(const ByteRange& range) {
  if (range.begin >= range.end) return;
  const std::lock_guard lock(mutex_);
  add(range);
  log_.append(fmt::format("{}{} {}", kThereWord, range.begin, range.end));
}

void PartialFile::note_entity_tag(const std::string& tag) {
  const std::lock_guard lock(mutex_);
  if (tag == entity_tag_ || tag.size() > kMaxTagBytes || tag.find('\n') != tag.npos) return;
  entity_tag_ = tag;
  log_.append(fmt::format("{}{}", kTagWord, tag));
}

void PartialFile::commit() {
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 || ::fsync(descriptor_) != 0 ||
      ::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    fail(ErrorCode::io, "{}: cannot be completed: {}", path_, std::strerror(errno));
  }
  log_.remove();
}

void PartialFile::discard() {
  ::unlink(temporary_path_.c_str());
  log_.remove();
}

}  // namespace adze::hub
