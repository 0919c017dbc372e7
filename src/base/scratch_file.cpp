#include "base/scratch_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace adze {
namespace {

[[noreturn]] void fail_here(const char* what) {
  fail(ErrorCode::io, "{}: {} a temporary file: {}; make room there or set TMPDIR", folder_for_temporaries(), what,
       std::strerror(errno));
}

}  // namespace

ScratchFile::ScratchFile() {
  std::string path = folder_for_temporaries() + "/adze.XXXXXX";
  descriptor_ = ::mkstemp(path.data());
  if (descriptor_ < 0) fail_here("cannot create");
  ::unlink(path.c_str());
}

ScratchFile::~ScratchFile() { ::close(descriptor_); }

void ScratchFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_here("cannot write to");
    bytes = bytes.subspan(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
}

void ScratchFile::read(uint64_t offset, std::span<std::byte> bytes) const {
  if (offset > size_ || bytes.size() > size_ - offset) {
    fail(ErrorCode::bad_input, "bytes {} to {} of a temporary file of {}", offset, offset + bytes.size(), size_);
  }
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail_here("cannot read from");
    bytes = bytes.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

}  // namespace adze
