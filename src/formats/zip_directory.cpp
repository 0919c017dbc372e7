// Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3.
#include "formats/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/checked_math.h"
#include "base/error.h"
#include "formats/byte_cursor.h"

namespace adze::formats {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEndOfDirectory = 0x06054b50;
constexpr uint32_t kZip64EndOfDirectory = 0x06064b50;
constexpr uint32_t kZip64Locator = 0x07064b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kLocatorBytes = 20;
constexpr size_t kDirectoryEntryBytes = 46;
constexpr size_t kLongestComment = 65535;
constexpr uint32_t kIn64 = 0xffffffff;  // the number stands in a zip64 record
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kZip64Extra = 1;

uint32_t word_at(std::span<const std::byte> bytes, size_t place) {
  uint32_t word;
  std::memcpy(&word, bytes.data() + place, sizeof word);
  return word;
}

ByteCursor cursor_at(std::span<const std::byte> bytes, uint64_t place, const std::string& path) {
  ByteCursor cursor(bytes, path);
  cursor.take(place, "directory of the archive");
  return cursor;
}

size_t find_end(std::span<const std::byte> bytes, const std::string& path) {
  if (bytes.size() >= kEndBytes) {
    const size_t last = bytes.size() - kEndBytes;
    const size_t first = last - std::min(last, kLongestComment);
    for (size_t place = last + 1; place-- > first;) {
      if (word_at(bytes, place) == kEndOfDirectory) return place;
    }
  }
  fail(ErrorCode::bad_input, "{}: the archive has no directory at its end; is the file complete?", path);
}

struct DirectoryPlace {
  uint64_t entries;
  uint64_t offset;
};

DirectoryPlace find_directory(std::span<const std::byte> bytes, const std::string& path) {
  const size_t end = find_end(bytes, path);
  if (end >= kLocatorBytes && word_at(bytes, end - kLocatorBytes) == kZip64Locator) {
    auto locator = cursor_at(bytes, end - kLocatorBytes + 8, path);
    auto record = cursor_at(bytes, locator.read<uint64_t>("zip64 directory"), path);
    if (record.read<uint32_t>("zip64 directory") != kZip64EndOfDirectory) record.fail_here("no zip64 directory");
    record.take(28, "zip64 directory");
    const auto entries = record.read<uint64_t>("number of entries");
    record.take(8, "size of the directory");
    return {entries, record.read<uint64_t>("offset of the directory")};
  }
  auto record = cursor_at(bytes, end + 10, path);
  const auto entries = record.read<uint16_t>("number of entries");
  record.take(4, "size of the directory");
  return {entries, record.read<uint32_t>("offset of the directory")};
}

// Sizes and offset that did not fit in 32 bits follow, in this order, in an extra field.
void read_zip64_extra(std::span<const std::byte> extra, const std::string& path, std::span<uint64_t* const> numbers) {
  ByteCursor cursor(extra, path);
  while (cursor.remaining() >= 4) {
    const auto id = cursor.read<uint16_t>("extra field");
    const auto size = cursor.read<uint16_t>("extra field");
    ByteCursor field(cursor.take(size, "extra field"), path);
    if (id != kZip64Extra) continue;
    for (uint64_t* number : numbers) {
      if (*number == kIn64) *number = field.read<uint64_t>("zip64 extra field");
    }
    return;
  }
}

// The content lies behind a header of its own, whose variable parts may differ from the directory's.
uint64_t content_offset(std::span<const std::byte> bytes, uint64_t header, const std::string& path) {
  auto cursor = cursor_at(bytes, header, path);
  if (cursor.read<uint32_t>("entry of the archive") != kLocalHeader) cursor.fail_here("no entry of the archive");
  cursor.take(22, "entry of the archive");
  const uint64_t name = cursor.read<uint16_t>("length of a name");
  const uint64_t extra = cursor.read<uint16_t>("length of an extra field");
  return cursor.position() + name + extra;
}

ZipEntry read_entry(ByteCursor& cursor, std::span<const std::byte> bytes) {
  if (cursor.read<uint32_t>("directory entry") != kDirectoryEntry) cursor.fail_here("no directory entry");
  cursor.take(4, "versions");
  const auto flags = cursor.read<uint16_t>("flags");
  const auto method = cursor.read<uint16_t>("method");
  cursor.take(8, "time and checksum");
  uint64_t compressed = cursor.read<uint32_t>("compressed size");
  uint64_t size = cursor.read<uint32_t>("size");
  const auto name_length = cursor.read<uint16_t>("length of a name");
  const auto extra_length = cursor.read<uint16_t>("length of an extra field");
  const auto comment_length = cursor.read<uint16_t>("length of a comment");
  cursor.take(8, "attributes");
  uint64_t header = cursor.read<uint32_t>("offset");
  const auto name = cursor.take(name_length, "name");
  uint64_t* const numbers[] = {&size, &compressed, &header};
  read_zip64_extra(cursor.take(extra_length, "extra field"), cursor.path(), numbers);
  cursor.take(comment_length, "comment");

  ZipEntry entry;
  entry.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  entry.offset = content_offset(bytes, header, cursor.path());
  entry.size = compressed;
  entry.is_stored = method == 0 && (flags & kEncrypted) == 0 && size == compressed;
  const auto end = checked_add(entry.offset, entry.size);
  if (!end || *end > bytes.size()) cursor.fail_here("entry '{}' reaches beyond the end of the file", entry.name);
  return entry;
}

}  // namespace

bool starts_as_zip(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof(uint32_t) && word_at(bytes, 0) == kLocalHeader;
}

std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> bytes, const std::string& path) {
  const DirectoryPlace place = find_directory(bytes, path);
  auto cursor = cursor_at(bytes, place.offset, path);
  std::vector<ZipEntry> entries(cursor.check_count(place.entries, kDirectoryEntryBytes, "entries"));
  for (ZipEntry& entry : entries) entry = read_entry(cursor, bytes);
  return entries;
}

}  // namespace adze::formats
