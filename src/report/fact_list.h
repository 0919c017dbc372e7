// Facts about one thing: "label  value" lines, or one JSON object.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "report/cell.h"

namespace adze::report {

class FactList {
 public:
  /// `label` for readers ("Context length"), `key` for JSON ("context_length").
  void add(std::string label, std::string key, Cell cell) {
    facts_.push_back({std::move(label), std::move(key), std::move(cell)});
  }
  bool empty() const { return facts_.empty(); }

  /// One line per fact, values aligned; with `colour` the labels are faint.
  std::string to_text(bool colour = false) const;
  Json to_json() const;

 private:
  struct Fact {
    std::string label;
    std::string key;
    Cell cell;
  };
  std::vector<Fact> facts_;
};

}  // namespace adze::report
