#include "formats/space_to_batch.h"

#include "base/error.h"

namespace adze::formats {
namespace {

using graph::ValueId;
using Ints = std::vector<int64_t>;

void check(const BatchBlocks& b, size_t rank) {
  if (rank == 0 || b.blocks.size() != rank || b.before.size() != rank || b.after.size() != rank) {
    fail(ErrorCode::bad_input, "blocks and borders do not fit {} axes", rank);
  }
}

}  // namespace

ValueId put_space_to_batch(StandardNodes& n, ValueId x, Ints dims, const BatchBlocks& b) {
  const size_t rank = dims.size();
  check(b, rank);
  Ints pads = b.before;
  pads.insert(pads.end(), b.after.begin(), b.after.end());
  Ints spread, order, result;
  int64_t batch = 1;
  for (size_t i = 0; i < rank; ++i) {
    dims[i] += b.before[i] + b.after[i];
    if (b.blocks[i] < 1 || dims[i] % b.blocks[i] != 0) {
      fail(ErrorCode::bad_input, "axis {} of {} has no whole blocks of {}", i, dims[i], b.blocks[i]);
    }
    spread.insert(spread.end(), {dims[i] / b.blocks[i], b.blocks[i]});
    order.push_back(static_cast<int64_t>(2 * i + 1));
    result.push_back(dims[i] / b.blocks[i]);
    batch *= b.blocks[i];
  }
  for (size_t i = 0; i < rank; ++i) order.push_back(static_cast<int64_t>(2 * i));
  result[0] *= batch;
  const ValueId padded = n.add("Pad", {x, n.ints(pads)});
  return n.reshape(n.transpose(n.reshape(padded, spread), order), result);
}

ValueId put_batch_to_space(StandardNodes& n, ValueId x, const Ints& dims, const BatchBlocks& b) {
  const size_t rank = dims.size();
  check(b, rank);
  int64_t batch = 1;
  for (const int64_t block : b.blocks) {
    if (block < 1 || block > dims[0]) fail(ErrorCode::bad_input, "blocks of {} in a batch of {}", block, dims[0]);
    batch *= block;
  }
  if (dims[0] % batch != 0) fail(ErrorCode::bad_input, "a batch of {} has no whole blocks of {}", dims[0], batch);
  Ints spread = b.blocks, order, result, ends;
  spread.push_back(dims[0] / batch);
  spread.insert(spread.end(), dims.begin() + 1, dims.end());
  for (size_t i = 0; i < rank; ++i) {
    order.insert(order.end(), {static_cast<int64_t>(rank + i), static_cast<int64_t>(i)});
    result.push_back((i == 0 ? dims[0] / batch : dims[i]) * b.blocks[i]);
    ends.push_back(result.back() - b.after[i]);
  }
  const ValueId joined = n.reshape(n.transpose(n.reshape(x, spread), order), result);
  return n.add("Slice", {joined, n.ints(b.before), n.ints(ends)});
}

}  // namespace adze::formats
