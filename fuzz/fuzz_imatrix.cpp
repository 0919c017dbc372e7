// Any bytes as an importance matrix in its older form: an Error or statistics whose numbers can be used.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "formats/imatrix/read_imatrix.h"
#include "model/activation_statistics.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto statistics = formats::read_dat_imatrix(std::as_bytes(std::span(data, size)), "input.dat");
    size_t numbers = 0;
    for (const auto& [weight, inputs] : statistics.inputs) numbers += model::mean_squares(inputs).size();
    if (numbers * sizeof(float) > size) return -1;  // no more than the file holds
    model::experts_with_little_data(statistics, 1);
  } catch (const Error&) {
  }
  return 0;
}
