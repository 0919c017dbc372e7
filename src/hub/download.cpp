#include "hub/download.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/git_blob_id.h"
#include "base/sha256.h"
#include "base/thread_pool.h"
#include "hub/partial_file.h"

namespace adze::hub {
namespace {

constexpr uint64_t kRangeBytes = 32u << 20;  // of one request
constexpr uint64_t kNoteBytes = 1u << 20;    // a later run loses less than this for each connection

/// Thrown through a transfer that has become useless; never leaves this file.
struct Superseded {};

/// What the connections of a download share.
class Transfer {
 public:
  Transfer(const Download& download, const HubOptions& options, const ByteCount& count, const Progress& progress)
      : download_(download),
        options_(options),
        count_(count),
        progress_(progress),
        partial_(download.target, download.file.bytes),
        ranges_(partial_.missing(kRangeBytes)) {
    count_bytes(partial_.bytes_there());
  }

  PartialFile& partial() { return partial_; }

  void run() {
    const auto connections = std::clamp<size_t>(ranges_.size(), 1, std::max(1u, options_.connections));
    ThreadPool pool(static_cast<unsigned>(connections));
    pool.run([&](unsigned) { fetch_ranges(); });
    if (!partial_.missing(kRangeBytes).empty() && !progress_.cancelled()) {
      fail(ErrorCode::io, "{}: did not come completely; start again", download_.what);
    }
    throw_if_cancelled(progress_);
  }

 private:
  /// How far a connection is in its range.
  struct Position {
    ByteRange range;        // what is missing of it
    uint64_t noted = 0;     // begin of what is written, but not noted yet
    bool is_whole = false;  // the server sends everything, whatever it was asked for
    bool has_advanced = false;
  };

  std::optional<ByteRange> next_range() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || next_ == ranges_.size()) return std::nullopt;
    return ranges_[next_++];
  }

  void fetch_ranges() {
    HttpClient client({.timeout_seconds = options_.timeout_seconds}, progress_);
    try {
      while (const auto range = next_range()) fetch(*range, client);
    } catch (const Superseded&) {  // another connection brings everything
    } catch (...) {
      stopped_ = true;
      throw;
    }
  }

  void fetch(const ByteRange& range, HttpClient& client) {
    Position position{.range = range, .noted = range.begin};
    for (int64_t tries = 0; position.range.begin < position.range.end;) {
      position.has_advanced = false;
      const auto answer = try_fetch(position, client);
      if (position.range.begin == position.range.end) break;
      if (stopped_) return;
      if (position.has_advanced) tries = 0;
      // An address that was signed for a while and then refuses: asking the hub again gives a new one.
      const bool has_expired = answer.status == 403 && answer.url != download_.url;
      if (answer.is_success() || is_worth_another_try(answer) || has_expired) {
        if (++tries >= options_.most_tries) fail_incomplete(answer);
        pause_before_try(tries - 1, answer, options_, progress_);
      } else {
        fail_answer(download_.what, answer, !options_.token.empty());
      }
    }
  }

  HttpAnswer try_fetch(Position& position, HttpClient& client) {
    const HttpRequest request{
        .url = download_.url, .token = options_.token, .range = position.range, .if_range = entity_tag()};
    const auto note = [&] {
      partial_.note({position.noted, position.range.begin});
      position.noted = position.range.begin;
    };
    try {
      bool is_first = true;
      auto answer = client.send(request, [&](const HttpAnswer& headers, std::span<const std::byte> bytes) {
        if (is_first) begin_body(headers, position);
        is_first = false;
        take(bytes, position);
        if (position.range.begin - position.noted >= kNoteBytes) note();
      });
      note();
      return answer;
    } catch (...) {
      note_quietly(position);
      throw;
    }
  }

  // While something else is on its way to the caller; a full disk refuses this too.
  void note_quietly(const Position& position) {
    try {
      partial_.note({position.noted, position.range.begin});
    } catch (const Error&) {
    }
  }

  /// A 206 must be the range that was asked for; a 200 is the whole file.
  void begin_body(const HttpAnswer& headers, Position& position) {
    if (headers.status == 206) {
      const auto expected =
          fmt::format("bytes {}-{}/{}", position.range.begin, position.range.end - 1, download_.file.bytes);
      const auto said = headers.header("content-range");
      if (said == expected) return remember_entity_tag(headers.header("etag"));
      fail(ErrorCode::io, "{}: '{}' was asked for, and '{}' came; the file has changed or the server is confused",
           download_.what, expected, said);
    }
    const bool is_only_one = !whole_.exchange(true) || position.is_whole;
    if (!is_only_one) throw Superseded();
    const auto length = headers.header("content-length");
    if (!length.empty() && length != std::to_string(download_.file.bytes)) {
      fail(ErrorCode::io, "{}: has {} bytes instead of {}; it has changed", download_.what, length,
           download_.file.bytes);
    }
    position = {.range = {0, download_.file.bytes}, .noted = 0, .is_whole = true, .has_advanced = false};
  }

  void take(std::span<const std::byte> bytes, Position& position) {
    if (stopped_ || (whole_ && !position.is_whole)) throw Superseded();
    if (bytes.size() > position.range.size()) {
      fail(ErrorCode::io, "{}: more bytes came than were asked for", download_.what);
    }
    partial_.write(position.range.begin, bytes);
    position.range.begin += bytes.size();
    position.has_advanced = position.has_advanced || !bytes.empty();
    count_bytes(bytes.size());
  }

  [[noreturn]] void fail_incomplete(const HttpAnswer& answer) {
    const auto reason = answer.failure.empty() ? fmt::format("status {}", answer.status) : answer.failure;
    fail(ErrorCode::io, "{}: the connection broke {} times in a row ({}); what has come is kept: start again to go on",
         download_.what, options_.most_tries, reason);
  }

  std::string entity_tag() {
    const std::lock_guard lock(mutex_);
    return whole_ ? std::string() : partial_.entity_tag();
  }

  // Weak tags do not hold for ranges.
  void remember_entity_tag(const std::string& tag) {
    if (tag.empty() || tag.starts_with("W/")) return;
    const std::lock_guard lock(mutex_);
    partial_.note_entity_tag(tag);
  }

  void count_bytes(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    counted_ = std::min(counted_ + bytes, download_.file.bytes);
    count_(counted_);
  }

  const Download& download_;
  const HubOptions& options_;
  const ByteCount& count_;
  const Progress& progress_;
  PartialFile partial_;
  std::vector<ByteRange> ranges_;
  std::mutex mutex_;
  size_t next_ = 0;
  uint64_t counted_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> whole_ = false;  // one connection brings the whole file
};

void require_space(const Download& download, uint64_t bytes) {
  struct statvfs space{};
  const auto folder = std::filesystem::path(download.target).parent_path();
  if (::statvfs(folder.c_str(), &space) != 0) return;
  const uint64_t free_bytes = static_cast<uint64_t>(space.f_bavail) * space.f_frsize;
  if (free_bytes >= bytes) return;
  fail(ErrorCode::io, "{}: {} bytes are still needed in {}, and {} are free; make room or choose another cache folder",
       download.what, bytes, folder.string(), free_bytes);
}

void check_sum(const Download& download, PartialFile& partial, const Progress& progress) {
  const bool is_large = !download.file.sha256.empty();
  const auto found =
      is_large ? sha256_of_file(partial.temporary_path(), progress) : git_blob_id_of_file(partial.temporary_path());
  if (found == download.file.blob_name()) return;
  partial.discard();
  fail(ErrorCode::io, "{}: has the {} {}, but {} was expected; it was damaged on its way and is removed: start again",
       download.what, is_large ? "SHA-256" : "git id", found, download.file.blob_name());
}

}  // namespace

void download(const Download& download, const HubOptions& options, const ByteCount& count, const Progress& progress) {
  Transfer transfer(download, options, count, progress);
  require_space(download, download.file.bytes - transfer.partial().bytes_there());
  transfer.run();
  check_sum(download, transfer.partial(), progress);
  transfer.partial().commit();
}

}  // namespace adze::hub
