#include "codecs/row_kernels.h"

namespace adze::codecs {

constinit const RowKernels kRowsAvx512 = row_kernel_table();

}  // namespace adze::codecs
