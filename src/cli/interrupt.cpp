#include "cli/interrupt.h"

#include <poll.h>

#include <cerrno>
#include <csignal>

namespace adze::cli {
namespace {

volatile std::sig_atomic_t interrupt_flag = 0;

volatile std::sig_atomic_t hang_up_flag = 0;

void note_interrupt(int) { interrupt_flag = 1; }
void note_hang_up(int) { hang_up_flag = 1; }

}  // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = note_interrupt;
  action.sa_flags = SA_RESETHAND;  // without SA_RESTART: a blocking read returns
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void catch_hang_ups() {
  struct sigaction action{};
  action.sa_handler = note_hang_up;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
}

bool take_hang_up() {
  const bool came = hang_up_flag != 0;
  hang_up_flag = 0;
  return came;
}

bool interrupted() { return interrupt_flag != 0; }

void forget_interrupt() {
  interrupt_flag = 0;
  catch_interrupts();
}

bool wait_for_input(int descriptor) {
  // A signal may come between looking at the flag and waiting, or be handled by another thread: look again in a moment.
  constexpr int kLookAgainMs = 100;
  while (!interrupted()) {
    pollfd waiting{descriptor, POLLIN, 0};
    const int ready = poll(&waiting, 1, kLookAgainMs);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return !interrupted();
  }
  return false;
}

}  // namespace adze::cli
