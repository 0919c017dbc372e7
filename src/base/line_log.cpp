#include "base/line_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/locked_file.h"

namespace adze {

LineLog::LineLog(const std::string& path) : path_(path), descriptor_(open_locked(path, O_APPEND)) {}

LineLog::~LineLog() { ::close(descriptor_); }

// Through the descriptor, whose file is ours whatever happens to its name.
std::string LineLog::content() const {
  std::string text;
  char part[1 << 16];
  while (true) {
    const ssize_t count = ::pread(descriptor_, part, sizeof part, static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorCode::io, "{}: cannot read: {}", path_, std::strerror(errno));
    if (count == 0) return text;
    text.append(part, static_cast<size_t>(count));
  }
}

std::vector<std::string> LineLog::lines() const {
  std::vector<std::string> lines;
  const std::string text = content();
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

void LineLog::keep(size_t count) {
  size_t bytes = 0;
  const auto all = lines();
  for (size_t i = 0; i < std::min(count, all.size()); ++i) bytes += all[i].size() + 1;
  if (::ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) {
    fail(ErrorCode::io, "{}: cannot be shortened: {}", path_, std::strerror(errno));
  }
}

void LineLog::append(std::string_view line) {
  const std::string bytes = std::string(line) + "\n";
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorCode::io, "{}: cannot write: {}", path_, std::strerror(errno));
    done += static_cast<size_t>(count);
  }
}

void LineLog::sync() { ::fdatasync(descriptor_); }

void LineLog::remove() { ::unlink(path_.c_str()); }

}  // namespace adze
