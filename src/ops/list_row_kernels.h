// The list of kernels of an op whose fast versions run loops of RowKernels.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ops/op.h"
#include "ops/row_kernels.h"

namespace adze::ops {

/// One kernel for each instruction set that has row kernels, best first; the op's plainer ones come behind.
/// `fast` is []<const RowKernels& kRows>() { return <the run function over kRows>; }.
template <typename Fast>
std::vector<Kernel> list_row_kernels(Fast fast,
                                     std::optional<std::string> (*refuse)(const KernelRequest& request) = nullptr) {
  std::vector<Kernel> kernels;
  if constexpr (kIsX86) {
    kernels.push_back({"avx512", Isa::avx512, refuse, nullptr, nullptr, fast.template operator()<kRowKernelsAvx512>()});
    kernels.push_back({"avx2", Isa::avx2, refuse, nullptr, nullptr, fast.template operator()<kRowKernelsAvx2>()});
  }
  if constexpr (kIsArm64) {
    kernels.push_back({"neon", Isa::neon, refuse, nullptr, nullptr, fast.template operator()<kRowKernelsNeon>()});
  }
  return kernels;
}

}  // namespace adze::ops
