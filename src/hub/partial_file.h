// A file that comes in pieces, in any order and over several runs of the program.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/line_log.h"
#include "hub/http_client.h"

namespace adze::hub {

/// Bytes lie in "<path>.adze-partial", and "<path>.adze-ranges" says which of them have come. Whoever opens it holds a
/// lock on what becomes `path`. Destroyed without commit() or discard(), both files stay for the next run.
class PartialFile {
 public:
  /// Goes on with what an earlier run left, if that was of the same size; Error(io).
  PartialFile(std::string path, uint64_t size);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// What has not come, cut into ranges of at most `most_bytes`.
  std::vector<ByteRange> missing(uint64_t most_bytes) const;
  uint64_t bytes_there() const;

  /// From several threads at once. Error(io) naming the space that is needed where the disk is full.
  void write(uint64_t offset, std::span<const std::byte> bytes);
  /// [begin, end) was written: a later run need not fetch it.
  void note(const ByteRange& range);

  const std::string& temporary_path() const { return temporary_path_; }
  /// Syncs, and renames to `path`.
  void commit();
  /// Removes everything that came.
  void discard();

  /// The tag that the server gave the file, by which it says later that it is the same still; empty: not known.
  const std::string& entity_tag() const { return entity_tag_; }
  void note_entity_tag(const std::string& tag);

 private:
  void read_log();
  void start_log();
  void add(const ByteRange& range);

  std::string path_;
  std::string temporary_path_;
  uint64_t size_;
  int descriptor_;
  LineLog log_;
  std::string entity_tag_;
  mutable std::mutex mutex_;
  std::vector<ByteRange> there_;  // ordered, apart from each other
};

}  // namespace adze::hub
