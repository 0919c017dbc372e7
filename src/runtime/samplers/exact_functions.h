// exp, log and pow from additions and multiplications alone, so that they have the same bits on every machine; those of
// C libraries differ in the last one. Their relative error is below 2^-50 (pow: times the size of its logarithm).
#pragma once

namespace adze::runtime {

/// 0 below -708, where a double would no longer be normal; infinity above 709. REQUIRES: not NaN.
double exact_exp(double x);

/// REQUIRES: x is positive and finite.
double exact_log(double x);

/// REQUIRES: base >= 0 and finite, exponent not NaN. 0 to the power 0 is 1.
double exact_pow(double base, double exponent);

}  // namespace adze::runtime
