// adze list: the tables of the library.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/listed_tables.h"
#include "cli/report_output.h"
#include "cli/suggest.h"
#include "cli/verb.h"

namespace adze::cli {
namespace {

struct ListOptions {
  std::optional<std::string> table;
  bool json = false;

  void declare(Arguments& arguments) {
    arguments.optional("TABLE", "which table; without it, the names of the tables", table);
    arguments.json_flag(json);
  }
};

const ListedTable& table_named(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& table : all_listed_tables()) {
    if (table.name == name) return table;
    names.emplace_back(table.name);
  }
  fail(ErrorCode::not_found, "no table '{}'{}; there are {}", name, suggestion_for(name, names),
       fmt::join(names, ", "));
}

report::Table table_of_tables() {
  report::Table list({{"Table", "table"}, {"Entries", "entries", report::Align::right}, {"What", "what"}});
  for (const auto& table : all_listed_tables()) {
    const auto entries = static_cast<int64_t>(table.rows().to_json().size());
    list.add_row({table.name, report::Cell::integer(entries), table.summary});
  }
  return list;
}

void run_list(const ListOptions& options, Console& console) {
  const report::Table table = options.table ? table_named(*options.table).rows() : table_of_tables();
  if (options.json) {
    print_json(console, table.to_json());
  } else {
    print_table(console, table);
  }
}

constexpr Example kExamples[] = {
    {"list", "the names of the tables"},
    {"list codecs", "every storage type, its bits per weight and whether it can be written"},
    {"list kernels --json", "one table for scripts"},
};

}  // namespace

const Verb list_verb = make_verb<ListOptions, run_list>({
    .name = "list",
    .group = "Know",
    .summary = "list codecs, formats, architectures, kernels and the other tables",
    .description = "Lists what this program knows: each table of the library, entry by entry.",
    .examples = kExamples,
});

}  // namespace adze::cli
