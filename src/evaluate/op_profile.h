// Where the time of a forward call goes: like nodes of all layers together, with what they had to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "runtime/session.h"

namespace adze::evaluate {

/// "blk.12.attn_q" -> "blk.*.attn_q"
std::string node_group(const std::string& name);

struct OpTime {
  std::string node;  // group: "blk.*.attn_q"
  std::string op;
  std::string kernel;
  std::string weight;  // storage of the weight, or empty
  int64_t nodes = 0;
  double seconds = 0;  // of all nodes in one call: the median over calls
  ops::Cost cost;      // of all nodes in one call
  bool int8 = false;   // its multiply-adds are of 8-bit numbers
};

struct ProfileRequest {
  int64_t depth = 0;   // tokens of each sequence before
  int64_t batch = 1;   // sequences side by side
  int64_t tokens = 1;  // of each sequence in one call
  int64_t calls = 5;   // measured, after one to warm up
};

/// In the order of the graph. Error(bad_input) if the session has no room for it.
std::vector<OpTime> profile_ops(runtime::Session& session, const ProfileRequest& request,
                                Progress& progress = no_progress());

/// The same entries summed up by op and kernel, the most time first.
std::vector<OpTime> by_kernel(const std::vector<OpTime>& times);

}  // namespace adze::evaluate
