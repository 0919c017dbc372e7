// The loops of gram_kernel.h, 4 columns at a time.
#include "calibrate/gram_kernel.h"

namespace adze::calibrate {

const AddGramRows kAddGramRowsNeon = GramKernel<4, 6, 4>::add_rows;

}  // namespace adze::calibrate
