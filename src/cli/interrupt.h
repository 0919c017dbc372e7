// Ctrl-C as a question that long work asks, not as a death in the middle of a file.
#pragma once

namespace adze::cli {

/// From now on the first SIGINT or SIGTERM only sets a flag; a second one ends the program at once.
void catch_interrupts();
bool interrupted();
/// From now on SIGHUP only sets a flag.
void catch_hang_ups();
/// Whether one came since this was last asked.
bool take_hang_up();
/// Forgets the last one and listens again: a chat goes on after its answer was stopped.
void forget_interrupt();
/// Waits until `descriptor` can be read. False when a signal came, also one just before the call.
bool wait_for_input(int descriptor);

}  // namespace adze::cli
