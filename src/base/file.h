// Files behind a seam: mapped reads, and writes that are complete or not there at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_ranges.h"

namespace adze {

/// A whole file mapped read-only. The bytes live as long as the object. Reading where the file lost its end meanwhile
/// raises SIGBUS; check_size() finds that before.
class MappedFile {
 public:
  /// Throws Error(not_found | io). An empty file maps to an empty span.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

  /// Error(io) when the file has become shorter since it was opened.
  void check_size() const;

  /// Tells the system that [offset, offset+size) was read for the last time, so its pages can go.
  void drop_pages(size_t offset, size_t size) const;

 private:
  MappedFile(std::string path, int descriptor, const std::byte* data, size_t size)
      : path_(std::move(path)), descriptor_(descriptor), data_(data), size_(size), range_(data, size, path_.c_str()) {}
  std::string path_;
  int descriptor_;
  const std::byte* data_;
  size_t size_;
  MappedRange range_;
};

/// Gets the bytes of a file that nobody wants on disk, in order.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// Appends to a temporary file beside `path`; commit() syncs and renames it into place.
/// Destroyed without commit(), it removes the temporary file and leaves any old `path` untouched.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  /// Nothing is written: what would be appended goes to `sink`. overwrite() is Error(internal).
  OutputFile(const std::string& path, ByteSink sink);
  /// The same with a temporary file of a known name (partial_path()), which a later run may go on with: what it holds
  /// already is there to be skipped. Error(io) while another process writes it.
  static std::unique_ptr<OutputFile> resumable(const std::string& path);
  static std::string partial_path(const std::string& path) { return path + ".partial"; }
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void append(std::span<const std::byte> bytes);
  void append(std::string_view text) { append(std::as_bytes(std::span(text))); }
  /// Leaves room for bytes that write_at() fills, and returns where it begins.
  uint64_t reserve(uint64_t bytes);
  /// Fills reserved bytes; from several threads at once.
  void write_at(uint64_t offset, std::span<const std::byte> bytes);
  /// Starts writing to disk what has been filled, so that the end is not one long wait.
  void start_write_back();
  /// Returns when everything that was written has reached the disk.
  void sync();
  /// Without commit(), the temporary file stays when this is destroyed.
  void keep_partial(bool keep) { keep_partial_ = keep; }
  /// Overwrites bytes already appended, for headers whose content is known only at the end.
  void overwrite(uint64_t offset, std::span<const std::byte> bytes);
  /// Appends zero bytes until position() is a multiple of `alignment`.
  void pad_to(uint64_t alignment);
  uint64_t position() const { return position_; }
  const std::string& path() const { return path_; }
  /// Everything has been appended: syncs and closes, and leaves nothing but the renaming to commit(), so that many
  /// files can appear together.
  void finish();
  void commit();

 private:
  OutputFile(std::string path, std::string temporary_path, int descriptor)
      : path_(std::move(path)), temporary_path_(std::move(temporary_path)), descriptor_(descriptor) {}
  [[noreturn]] void fail_write(uint64_t offset) const;
  void sync_whole();
  void hand_over(uint64_t offset, std::span<const std::byte> bytes);

  std::string path_;
  std::string temporary_path_;
  ByteSink sink_;  // instead of a file, where there is one
  std::mutex sink_mutex_;
  uint64_t handed_over_ = 0;
  std::map<uint64_t, std::vector<std::byte>> early_;  // pieces that wait for those before them
  int descriptor_ = -1;
  uint64_t position_ = 0;
  uint64_t written_back_ = 0;
  bool keep_partial_ = false;
  bool committed_ = false;
};

std::string read_text_file(const std::string& path);
void write_text_file(const std::string& path, std::string_view text);

}  // namespace adze
