// The loops of gram_kernel.h with what every processor of the family has.
#include "calibrate/gram_kernel.h"

namespace adze::calibrate {

const AddGramRows kAddGramRowsPortable = GramKernel<4, 4, 2>::add_rows;

}  // namespace adze::calibrate
