// What becomes of every packed storage type in every format: the table of docs/exactness.md.
#pragma once

#include <string_view>
#include <vector>

#include "pipeline/choose_storage.h"
#include "pipeline/tensor_outcome.h"

namespace adze::pipeline {

struct Conversion {
  StorageType from;
  std::string_view format;  // of the target
  Fidelity fidelity;        // without further options; requantized: refused unless that is allowed
  StorageType to;
  StorageType smaller_if_exact = nullptr;    // the smallest taken where the numbers allow it
  StorageType larger_if_exact = nullptr;     // with more codes; likewise, instead of rounding
  StorageType larger_if_required = nullptr;  // taken where scales may not be rounded
};

/// Every packed type of every format that can be read against every format that holds packed types; rows whose length
/// all blocks divide.
std::vector<Conversion> all_conversions();

}  // namespace adze::pipeline
