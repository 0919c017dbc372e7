// The loops of gram_kernel.h, 16 columns at a time.
#include "calibrate/gram_kernel.h"

namespace adze::calibrate {

const AddGramRows kAddGramRowsAvx512 = GramKernel<16, 8, 3>::add_rows;

}  // namespace adze::calibrate
