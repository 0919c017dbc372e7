// Runs src/passes/<pass>.cases for every pass of the table: before and after in the graph's text form.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "codecs/codec.h"
#include "graph/test_ops.h"
#include "ops/op.h"
#include "ops/standard/standard_op.h"
#include "passes/pass.h"

namespace adze::passes {
namespace {

struct Case {
  std::string title;
  std::string activation = "auto";
  std::string before;
  std::string after;
};

Case parse_case(const std::string& text) {
  Case parsed;
  std::istringstream lines(text);
  std::getline(lines, parsed.title);
  std::string* side = &parsed.before;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("activation = ")) {
      parsed.activation = line.substr(13);
    } else if (line == "=> unchanged") {
      parsed.after = parsed.before;
      side = nullptr;
    } else if (line == "=>") {
      side = &parsed.after;
    } else if (!line.empty() && side) {
      *side += line + "\n";
    }
  }
  return parsed;
}

std::vector<Case> cases_of(std::string_view pass) {
  const auto path = fmt::format("src/passes/{}.cases", pass);
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  std::vector<Case> cases;
  const auto all = text.str();
  for (size_t start = all.find("\n== "); start != std::string::npos;) {
    const size_t end = all.find("\n== ", start + 4);
    cases.push_back(parse_case(all.substr(start + 4, end == std::string::npos ? end : end - start - 4)));
    start = end;
  }
  return cases;
}

graph::Graph parse(const std::string& text) {
  std::vector<const graph::OpSchema*> ops{&graph::test::kRun};
  for (const auto* op : ops::all_schemas()) ops.push_back(op);
  for (const auto* op : ops::standard_schemas()) ops.push_back(op);
  std::vector<StorageType> storages;
  for (const auto* codec : codecs::all_codecs()) storages.push_back(&codec->info);
  return graph::from_text(text, ops, storages);
}

PassOptions options_of(const Case& one) {
  PassOptions options;
  options.activation = activation_policy_named(one.activation);
  options.storage_of_weight = [](std::string_view name) -> StorageType {
    if (name.ends_with(".q4")) return &codecs::q4_0.info;
    return name.ends_with(".f16") ? &codecs::f16.info : nullptr;
  };
  return options;
}

class PassCases : public testing::TestWithParam<std::string_view> {};

TEST_P(PassCases, GiveTheGraphThatIsWritten) {
  const auto cases = cases_of(GetParam());
  ASSERT_FALSE(cases.empty());
  const std::string_view names[] = {GetParam()};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.title);
    auto graph = parse(one.before);
    graph::verify(graph);
    const auto options = options_of(one);
    const auto report = run_passes(graph, names, options).at(0);
    EXPECT_EQ(to_text(graph), one.after);
    EXPECT_EQ(report.changed, one.before != one.after);
    EXPECT_FALSE(run_passes(graph, names, options).at(0).changed) << "a second run finds nothing left to do";
  }
}

std::vector<std::string_view> pass_names() {
  std::vector<std::string_view> names;
  for (const Pass& pass : all_passes()) names.push_back(pass.name);
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string_view>& parameter) {
  return std::string(parameter.param);
}

INSTANTIATE_TEST_SUITE_P(AllPasses, PassCases, testing::ValuesIn(pass_names()), test_name);

}  // namespace
}  // namespace adze::passes
