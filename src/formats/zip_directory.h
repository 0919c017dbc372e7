// What lies where in a zip archive. Entries are used where they lie, so only stored ones are of use; compressed ones
// are listed and refused, which also keeps archives that unpack to more than they are from doing harm.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace adze::formats {

struct ZipEntry {
  std::string name;
  uint64_t offset = 0;  // of the content
  uint64_t size = 0;
  bool is_stored = true;  // not compressed, not encrypted
};

/// True for bytes that begin as an archive does.
bool starts_as_zip(std::span<const std::byte> bytes);

/// Every entry, in the order of the directory; zip64 too. Error(bad_input) naming the file where the archive is broken
/// or an entry does not lie within it.
std::vector<ZipEntry> read_zip_directory(std::span<const std::byte> bytes, const std::string& path);

}  // namespace adze::formats
