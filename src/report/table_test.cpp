#include "report/table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/display_width.h"
#include "report/fact_list.h"

namespace adze::report {
namespace {

Table example() {
  Table table({{"Type", "type"}, {"Size", "bytes", Align::right}, {"KL", "kl", Align::right}});
  table.add_row({"f16", Cell::bytes(270'000'000), Cell::nothing()});
  table.add_row({"q4_k_m", Cell::bytes(98'400'000), Cell::number(0.01234, 4)});
  return table;
}

TEST(Table, AlignsColumns) {
  EXPECT_EQ(example().to_text(),
            "Type       Size      KL\n"
            "───────────────────────\n"
            "f16      270 MB       -\n"
            "q4_k_m  98.4 MB  0.0123\n");
}

TEST(Table, JsonHasExactValues) {
  EXPECT_EQ(example().to_json(), Json::parse(R"([
    {"type": "f16", "bytes": 270000000, "kl": null},
    {"type": "q4_k_m", "bytes": 98400000, "kl": 0.01234}])"));
}

TEST(Table, WideCharactersKeepTheColumns) {
  Table table({{"Name", "name"}, {"N", "n", Align::right}});
  table.add_row({"漢字", Cell::integer(1)});
  table.add_row({"Ka\u0308se 😀", Cell::integer(22)});
  EXPECT_EQ(table.to_text(),
            "Name      N\n"
            "───────────\n"
            "漢字      1\n"
            "Ka\u0308se 😀  22\n");
}

TEST(Table, TextFromFilesCannotDriveTheTerminal) {
  Table table({Column{"Name", "name"}});
  table.add_row({std::string("evil\x1b[2J\n\xff")});
  EXPECT_EQ(table.to_text().find('\x1b'), std::string::npos);
  EXPECT_EQ(table.to_json()[0]["name"], "evil\x1b[2J\n\uFFFD");
  EXPECT_NO_THROW(table.to_json().dump());
}

TEST(Table, ColoursCoverTextOnly) {
  Table table({{"Name", "name"}, {"OK", "ok"}});
  table.add_row({"a", Cell::flag(true).with_style(Style::good)});
  table.add_row({"b", Cell::flag(false).with_style(Style::bad)});
  EXPECT_EQ(table.to_text({.colour = true}),
            "\x1b[1mName\x1b[0m  \x1b[1mOK\x1b[0m\n"
            "─────────\n"
            "a     \x1b[32myes\x1b[0m\n"
            "b     \x1b[31mno\x1b[0m\n");
  EXPECT_EQ(table.to_text().find('\x1b'), std::string::npos);
}

TEST(Table, ShortensOnlyWhatMayBeShortened) {
  Table table({{"Tensor", "name", Align::left, true}, {"Type", "type"}});
  table.add_row({"blk.10.ffn_gate_shared_expert.weight", "q4_k"});
  const auto text = table.to_text({.colour = false, .columns = 24});
  EXPECT_EQ(text,
            "Tensor              Type\n"
            "────────────────────────\n"
            "blk.10.ff…t.weight  q4_k\n");
  EXPECT_NE(table.to_text({.colour = false, .columns = 5}).find("q4_k"), std::string::npos);
}

TEST(Table, MayBeEmpty) {
  EXPECT_EQ(Table({Column{"A", "a"}}).to_text(), "A\n─\n");
  EXPECT_EQ(Table({Column{"A", "a"}}).to_json().dump(), "[]");
  EXPECT_EQ(Table(std::vector<Column>()).to_text(), "\n\n");
}

TEST(Cell, ValuesForProgramsAreExact) {
  EXPECT_EQ(to_json(Cell::percent(0.0421)).dump(), "0.0421");
  EXPECT_EQ(Cell::percent(0.0421).text, "4.21 %");
  EXPECT_EQ(to_json(Cell::seconds(0.0123)).dump(), "0.0123");
  EXPECT_EQ(to_json(Cell::count(134'515'008)).dump(), "134515008");
  EXPECT_EQ(Cell::count(134'515'008).text, "135 M");
  EXPECT_EQ(to_json(Cell::number(NAN, 2)).dump(), "null");
  EXPECT_EQ(to_json(Cell::flag(true)).dump(), "true");
  EXPECT_EQ(to_json(Cell::shown_as("all", int64_t{7})).dump(), "7");
}

TEST(FactList, AlignsValues) {
  FactList facts;
  facts.add("Architecture", "architecture", "llama");
  facts.add("Parameters", "parameters", Cell::count(134'515'008));
  EXPECT_EQ(facts.to_text(),
            "Architecture  llama\n"
            "Parameters    135 M\n");
  EXPECT_EQ(facts.to_json().dump(), R"({"architecture":"llama","parameters":134515008})");
  EXPECT_EQ(facts.to_text(true).substr(0, 24), "\x1b[2mArchitecture\x1b[0m  ll");
}

}  // namespace
}  // namespace adze::report
