// adze list: the tables of the library.
#include <fmt/format.h>

#include "base/error.h"
#include "cli/json_report.h"
#include "cli/listed_tables.h"
#include "cli/suggest.h"
#include "cli/text_table.h"
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

ListedRows list_of_tables() {
  ListedRows list{{"table", "entries", "what"}, {}};
  for (const auto& table : all_listed_tables()) {
    list.rows.push_back(
        {std::string(table.name), fmt::format("{}", table.rows().rows.size()), std::string(table.summary)});
  }
  return list;
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
}

void print_rows(Console& console, const ListedRows& list) {
  std::vector<Column> columns;
  for (size_t i = 0; i < list.titles.size(); ++i) {
    bool numbers = !list.rows.empty();
    for (const auto& row : list.rows) numbers = numbers && is_number(row[i]);
    columns.push_back({list.titles[i], numbers ? Align::right : Align::left});
  }
  TextTable table(std::move(columns));
  for (const auto& row : list.rows) table.add_row(row);
  table.print(console);
}

Json rows_json(const ListedRows& list) {
  Json out = Json::array();
  for (const auto& row : list.rows) {
    Json entry = Json::object();
    for (size_t i = 0; i < row.size(); ++i) entry[list.titles[i]] = row[i];
    out.push_back(entry);
  }
  return out;
}

void run_list(const ListOptions& options, Console& console) {
  const ListedRows list = options.table ? table_named(*options.table).rows() : list_of_tables();
  if (options.json) {
    print_json(console, rows_json(list));
  } else {
    print_rows(console, list);
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
