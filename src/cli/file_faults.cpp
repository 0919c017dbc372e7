#include "cli/file_faults.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <string_view>

#include "base/mapped_ranges.h"
#include "cli/exit_codes.h"

namespace adze::cli {
namespace {

// Everything below runs in a signal handler: no locks, no allocation, only calls that are safe there.

std::atomic_flag telling = ATOMIC_FLAG_INIT;

// One line in one write, so that it stays together. What is too long is cut.
class Line {
 public:
  void append(std::string_view text) {
    for (const char byte : text) {
      const bool control = static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F;
      if (length_ + 1 < sizeof bytes_) bytes_[length_++] = control ? '?' : byte;
    }
  }
  void write_to(int descriptor) {
    bytes_[length_++] = '\n';
    [[maybe_unused]] const auto written = write(descriptor, bytes_, length_);  // nobody is left to be told of less
  }

 private:
  char bytes_[8192];
  size_t length_ = 0;
};

[[noreturn]] void tell_and_end(const char* path) {
  if (telling.test_and_set()) {  // another thread came first and ends all
    for (;;) pause();
  }
  Line line;
  line.append("error: ");
  line.append(path);
  line.append(": was changed or truncated while it was in use; when it is complete again, start again");
  line.write_to(STDERR_FILENO);
  _exit(kFailure);
}

void handle_bus_error(int, siginfo_t* info, void*) {
  const char* path = info->si_code == BUS_ADRERR ? mapped_path_at(info->si_addr) : nullptr;
  if (path) tell_and_end(path);
  signal(SIGBUS, SIG_DFL);  // not ours: back to the instruction, which ends the program as it would have
}

}  // namespace

void catch_file_faults() {
  struct sigaction action{};
  action.sa_sigaction = handle_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace adze::cli
