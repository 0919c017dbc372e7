// Ops on [batch, channels, spatial…] whose channels come last: [batch, spatial…, channels].
#pragma once

#include "ops/standard/infer_types.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {

/// The dimensions, and the tensor, with channels moved. REQUIRES: rank 2 or more.
std::vector<int64_t> channels_first(std::vector<int64_t> dims);
std::vector<int64_t> channels_last(std::vector<int64_t> dims);
HostTensor channels_first(const HostTensor& x);
HostTensor channels_last(const HostTensor& x);

/// What `evaluate` gives for inputs with channels first, turned. `turned`: which inputs have channels.
HostValues evaluate_channels_first(const StandardCall& call, std::initializer_list<size_t> turned,
                                   HostValues (*evaluate)(const StandardCall&));

/// Types of outputs as `infer` gives them for input 0 with channels first.
Types infer_channels_last(const graph::NodeTypes& node, Types (*infer)(const graph::NodeTypes&));

}  // namespace adze::ops
