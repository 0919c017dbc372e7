#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace adze {

/// Room beside memory: bytes in a temporary file without a name, which is gone when the object or the program ends. In
/// the system's folder for such files (TMPDIR).
class ScratchFile {
 public:
  /// Throws Error(io).
  ScratchFile();
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  /// Throws Error(io), naming the folder, when it is full.
  void append(std::span<const std::byte> bytes);
  uint64_t size() const { return size_; }

  /// Fills `bytes` from `offset` on. Throws Error(io); bad_input when so much was not written. Safe from several
  /// threads.
  void read(uint64_t offset, std::span<std::byte> bytes) const;

 private:
  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace adze
