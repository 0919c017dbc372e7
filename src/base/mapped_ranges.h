// Which file an address is mapped from: a read of a mapped file that lost its end raises SIGBUS with nothing but that.
#pragma once

#include <cstddef>

namespace adze {

/// The path of the MappedFile that `address` lies in; null if in none, or if very many files are mapped.
/// May be called in a signal handler, on a thread that is reading the file.
const char* mapped_path_at(const void* address) noexcept;

/// An entry for mapped_path_at(), as long as it lives. `path` must live as long.
class MappedRange {
 public:
  MappedRange(const void* data, size_t size, const char* path);
  ~MappedRange();
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

 private:
  int slot_;
};

}  // namespace adze
