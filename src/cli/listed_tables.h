// The library's own tables, for `adze list`.
#pragma once

#include <span>
#include <string_view>

#include "report/table.h"

namespace adze::cli {

struct ListedTable {
  std::string_view name;  // "codecs"
  std::string_view summary;
  report::Table (*rows)();
};

std::span<const ListedTable> all_listed_tables();

}  // namespace adze::cli
