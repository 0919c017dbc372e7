// What transforms folded and what they could not, for people and for scripts.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/table.h"
#include "transforms/transform.h"

namespace adze::cli {

/// "rotate, awq: as `adze list transforms` calls them", for --help.
std::string transforms_help();

/// One row per transform and kind of place: layers are counted together.
report::Table fold_summary(std::span<const transforms::Fold> folds);

/// One row per fold.
report::Table fold_table(std::span<const transforms::Fold> folds);

}  // namespace adze::cli
