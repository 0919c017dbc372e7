// The loops of codebook_fit_kernel.h, 8 lanes at a time.
#include <immintrin.h>

#include "codecs/codebook_fit_kernel.h"

namespace adze::codecs {
namespace {

struct LesserByInstruction {
  static __m256 lesser(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
};

}  // namespace

constinit const CodebookKernels kCodebookAvx2 = CodebookKernel<8, LesserByInstruction>::table();

}  // namespace adze::codecs
