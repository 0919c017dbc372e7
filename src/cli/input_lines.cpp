#include "cli/input_lines.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "cli/interrupt.h"

namespace adze::cli {

bool InputLines::next(std::string& line) {
  size_t end = buffer_.find('\n');
  while (end == std::string::npos && read_more()) end = buffer_.find('\n');
  if (end != std::string::npos) {
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return true;
  }
  line = std::exchange(buffer_, {});
  return at_end_ && !line.empty();
}

bool InputLines::read_more() {
  if (at_end_ || !wait_for_input(STDIN_FILENO)) return false;
  char bytes[4096];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count < 0 && errno != EINTR) fail(ErrorCode::io, "cannot read the standard input: {}", std::strerror(errno));
  if (count > 0) buffer_.append(bytes, static_cast<size_t>(count));
  at_end_ = count == 0;
  return !at_end_;
}

}  // namespace adze::cli
