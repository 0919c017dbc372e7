// The loops of gram_kernel.h, 8 columns at a time.
#include "calibrate/gram_kernel.h"

namespace adze::calibrate {

const AddGramRows kAddGramRowsAvx2 = GramKernel<8, 4, 3>::add_rows;

}  // namespace adze::calibrate
