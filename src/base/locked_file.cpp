#include "base/locked_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace adze {
namespace {

// Between opening and locking, the other process may have renamed or removed the file.
bool is_still_there(int descriptor, const std::string& path) {
  struct stat own{}, there{};
  return ::fstat(descriptor, &own) == 0 && ::stat(path.c_str(), &there) == 0 && own.st_ino == there.st_ino &&
         own.st_dev == there.st_dev;
}

}  // namespace

int open_locked(const std::string& path, int flags) {
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0666);
    if (descriptor < 0) fail(ErrorCode::io, "{}: cannot create a file here: {}", path, std::strerror(errno));
    const bool is_locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const int reason = errno;
    if (is_locked && is_still_there(descriptor, path)) return descriptor;
    ::close(descriptor);
    if (is_locked) continue;
    if (reason == EWOULDBLOCK) {
      fail(ErrorCode::io, "{}: another process is writing this file; wait for it or choose another name", path);
    }
    fail(ErrorCode::io, "{}: cannot be locked: {}", path, std::strerror(reason));
  }
}

}  // namespace adze
