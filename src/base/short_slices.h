// Scheduling of threads that meet often, on a machine that others keep busy too.
#pragma once

namespace adze {

/// Asks the operating system to give the calling thread its share of a processor in short turns. A thread that slept at
/// a meeting then goes on as soon as the others have come, instead of after another program's turn of milliseconds; its
/// share stays the same. Linux 6.12 and later do so, elsewhere nothing happens.
void ask_for_short_slices();

}  // namespace adze
