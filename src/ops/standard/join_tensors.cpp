#include "ops/standard/join_tensors.h"

#include <algorithm>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

HostTensor join_texts(std::span<const HostTensor> parts, Dims dims, size_t axis) {
  std::vector<std::string> texts;
  const int64_t outer = AxisLines(dims, axis).outer;
  for (int64_t o = 0; o < outer; ++o) {
    for (const HostTensor& part : parts) {
      const int64_t run = part.count() / outer;
      texts.insert(texts.end(), part.texts().begin() + o * run, part.texts().begin() + (o + 1) * run);
    }
  }
  return HostTensor(std::move(texts), std::move(dims));
}

HostTensor join_along(std::span<const HostTensor> parts, size_t axis) {
  Dims dims = parts[0].dims();
  dims[axis] = 0;
  for (const HostTensor& part : parts) {
    require_type(part, parts[0].type());
    require_rank(part, dims.size(), dims.size());
    for (size_t i = 0; i < dims.size(); ++i) {
      if (i != axis && part.dim(i) != dims[i]) {
        fail(ErrorCode::bad_input, "{} and {} cannot be joined along axis {}", parts[0].description(),
             part.description(), axis);
      }
    }
    dims[axis] += part.dim(axis);
  }
  if (parts[0].is_text()) return join_texts(parts, std::move(dims), axis);
  HostTensor result(parts[0].type(), std::move(dims));
  const AxisLines lines(result.dims(), axis);
  auto to = result.fill_bytes().begin();
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (const HostTensor& part : parts) {
      const auto run = part.bytes().size() / static_cast<size_t>(lines.outer);
      to = std::ranges::copy(part.bytes().subspan(static_cast<size_t>(o) * run, run), to).out;
    }
  }
  return result;
}

}  // namespace

HostTensor join_tensors(std::span<const HostTensor> parts, size_t axis, bool new_axis) {
  if (!new_axis) return join_along(parts, axis);
  std::vector<HostTensor> longer;
  for (const HostTensor& part : parts) {
    Dims dims = part.dims();
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    longer.push_back(part.reshaped(dims));
  }
  return join_along(longer, axis);
}

}  // namespace adze::ops
