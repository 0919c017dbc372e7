// One file of a hub into one file here: in ranges, over several connections, going on where another run stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "hub/hub_files.h"

namespace adze::hub {

struct Download {
  std::string what;  // as messages call it
  std::string url;
  HubFile file;
  std::string target;  // appears when every byte is there and the sum is right
};

/// Counts bytes that came, from one thread at a time.
using ByteCount = std::function<void(uint64_t bytes)>;

/// Bytes that are there already from an earlier run are counted too.
/// Throws Error: not_found, io (the connection, the disk, a sum that is not the expected one: then nothing is kept),
/// cancelled. But for the sum, what has come stays for the next run.
void download(const Download& download, const HubOptions& options, const ByteCount& count, const Progress& progress);

}  // namespace adze::hub
