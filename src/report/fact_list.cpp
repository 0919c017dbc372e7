#include "report/fact_list.h"

#include <algorithm>

#include "report/display_width.h"
#include "report/table.h"

namespace adze::report {

std::string FactList::to_text(bool colour) const {
  size_t widest = 0;
  for (const Fact& fact : facts_) widest = std::max(widest, display_width(fact.label));
  std::string out;
  for (const Fact& fact : facts_) {
    const std::string blanks(widest - display_width(fact.label) + 2, ' ');
    out += coloured(fact.label, colour ? Style::faint : Style::plain) + blanks +
           coloured(fact.cell.text, colour ? fact.cell.style : Style::plain) + "\n";
  }
  return out;
}

Json FactList::to_json() const {
  Json object = Json::object();
  for (const Fact& fact : facts_) object[fact.key] = report::to_json(fact.cell);
  return object;
}

}  // namespace adze::report
