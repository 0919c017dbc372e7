#include "ops/linear/linear.h"

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear_f32.h"
#include "ops/linear/linear_q8.h"
#include "ops/linear/linear_reference.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

Activation read_activation(const graph::Node& node) {
  const auto name = graph::string_attribute_or(node, "activation", "f32");
  if (name == "f32") return Activation::f32;
  if (name == "q8_32") return Activation::q8_32;
  if (name == "q8_32x2") return Activation::q8_32x2;
  if (name == "q8_256") return Activation::q8_256;
  if (name == "q8_256x2") return Activation::q8_256x2;
  fail(ErrorCode::bad_input, "activation must be f32, q8_32, q8_32x2, q8_256 or q8_256x2, but is '{}'", name);
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 3);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& weight = require_weight(node, 1, 2, "weight");
  require_equal_dims(x.dims[1], weight.dims[1], "features of x and columns of weight");
  if (has_input(node, 2)) {
    const auto& bias = require_f32(node, 2, 1, "bias");
    require_equal_dims(bias.dims[0], weight.dims[0], "bias and rows of weight");
  }
  read_activation(node.node);
  return {graph::ValueType::tensor(x.storage, {x.dims[0], weight.dims[0]})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<LinearParameters>(LinearParameters{read_activation(node)});
}

std::vector<Kernel> list_kernels() {
  std::vector<Kernel> kernels;
  if constexpr (kIsX86) {
    kernels.push_back(linear_q8_kernel<kQ8KernelsAmx>("amx_q8_32", Isa::amx));
    kernels.push_back(linear_q8_kernel<kQ8SuperKernelsAmx>("amx_q8_256", Isa::amx));
    kernels.push_back(linear_q8_kernel<kQ8KernelsAvx512>("avx512_q8_32", Isa::avx512));
    kernels.push_back(linear_q8_kernel<kQ8SuperKernelsAvx512>("avx512_q8_256", Isa::avx512));
    kernels.push_back(linear_q8_kernel<kQ8KernelsAvx2>("avx2_q8_32", Isa::avx2));
    kernels.push_back(linear_q8_kernel<kQ8SuperKernelsAvx2>("avx2_q8_256", Isa::avx2));
    kernels.push_back(linear_f32_kernel<kF32KernelsAvx512>("avx512_f32", Isa::avx512));
    kernels.push_back(linear_f32_kernel<kF32KernelsAvx2>("avx2_f32", Isa::avx2));
  }
  if constexpr (kIsArm64) {
    kernels.push_back(linear_q8_kernel<kQ8KernelsI8mm>("i8mm_q8_32", Isa::i8mm));
    kernels.push_back(linear_q8_kernel<kQ8KernelsDotprod>("dotprod_q8_32", Isa::dotprod));
    kernels.push_back(linear_q8_kernel<kQ8KernelsNeon>("neon_q8_32", Isa::neon));
    kernels.push_back(linear_q8_kernel<kQ8SuperKernelsDotprod>("dotprod_q8_256", Isa::dotprod));
    kernels.push_back(linear_q8_kernel<kQ8SuperKernelsNeon>("neon_q8_256", Isa::neon));
    kernels.push_back(linear_f32_kernel<kF32KernelsNeon>("neon_f32", Isa::neon));
  }
  kernels.push_back(linear_q8_kernel<kQ8KernelsPortable>("portable_q8_32", Isa::scalar));
  kernels.push_back(linear_q8_kernel<kQ8SuperKernelsPortable>("portable_q8_256", Isa::scalar));
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, linear_reference_scratch_bytes, linear_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();
const std::vector<Kernel> kExpertKernels = list_expert_kernels(kKernels);

}  // namespace

int64_t activation_block(Activation activation) {
  switch (activation) {
    case Activation::f32:
      return 0;
    case Activation::q8_32:
    case Activation::q8_32x2:
      return 32;
    case Activation::q8_256:
    case Activation::q8_256x2:
      return 256;
  }
  return 0;
}

int activation_planes(Activation activation) {
  if (activation == Activation::f32) return 0;
  return activation == Activation::q8_32x2 || activation == Activation::q8_256x2 ? 2 : 1;
}

const Op linear{{"linear", "product with a weight matrix, plus a bias", infer}, resolve, kKernels, 1};
const Op expert_linear{{"expert_linear", "product with the weights of each row's experts", infer_expert_linear},
                       resolve,
                       kExpertKernels,
                       1};

}  // namespace adze::ops
