// The loops of codebook_fit_kernel.h, 16 lanes at a time.
#include <immintrin.h>

#include "codecs/codebook_fit_kernel.h"

namespace adze::codecs {
namespace {

struct LesserByInstruction {
  static __m512 lesser(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
};

}  // namespace

constinit const CodebookKernels kCodebookAvx512 = CodebookKernel<16, LesserByInstruction>::table();

}  // namespace adze::codecs
