// Activation statistics in words and tables.
#pragma once

#include "cli/console.h"
#include "model/activation_statistics.h"
#include "report/fact_list.h"
#include "report/table.h"

namespace adze::cli {

report::FactList statistics_facts(const model::ActivationStatistics& statistics);

/// One row per weight: how much its inputs vary, how few columns carry them, how much they resemble the layer before.
report::Table statistics_table(const model::ActivationStatistics& statistics);

/// Names experts that saw fewer inputs than a chunk has tokens.
void warn_of_rare_experts(Console& console, const model::ActivationStatistics& statistics);

}  // namespace adze::cli
