// How reference kernels see stored rows: as floats, whatever the storage.
#pragma once

#include <vector>

#include "codecs/codec.h"
#include "ops/op.h"

namespace adze::ops {

/// Row `row` as floats: in place when it is plain f32, else decoded into `scratch`.
inline const float* decoded_row(const TensorView& view, int64_t row, std::vector<float>& scratch) {
  if (view.storage == &codecs::f32.info) return view.floats(row);
  scratch.resize(static_cast<size_t>(view.row_length));
  codecs::codec_of(view.storage).decode(view.data + row * view.row_bytes, scratch.data(), view.row_length);
  return scratch.data();
}

}  // namespace adze::ops
