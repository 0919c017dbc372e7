// The library's tables as rows of text, for `adze list` and `adze doctor`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adze::cli {

/// The cells of each row stand under `titles`; the last column is prose.
struct ListedRows {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

struct ListedTable {
  std::string_view name;  // "codecs"
  std::string_view summary;
  ListedRows (*rows)();
};

std::span<const ListedTable> all_listed_tables();

}  // namespace adze::cli
