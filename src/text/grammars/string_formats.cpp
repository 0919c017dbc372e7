#include "text/grammars/string_formats.h"

#include <algorithm>
#include <vector>

namespace adze::text {
namespace {

// Each bounded, so that a model cannot fill a text with one of them. Dates are those of the calendar from year 1 on.
std::vector<StringFormat> make_formats() {
  using std::string;
  const string year = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";
  const string leap_year = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
  const string day_of_31 = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])";
  const string day_of_30 = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)";
  const string day_of_28 = "02-(?:0[1-9]|1[0-9]|2[0-8])";
  const string date =
      "(?:" + year + "-(?:" + day_of_31 + "|" + day_of_30 + "|" + day_of_28 + ")|" + leap_year + "-02-29)";
  const string offset = "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
  const string time = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?" + offset;
  const string n = "[0-9]{1,4}";
  const string hours = "(?:" + n + "H(?:" + n + "M(?:" + n + "S)?)?|" + n + "M(?:" + n + "S)?|" + n + "S)";
  const string days = "(?:" + n + "Y(?:" + n + "M(?:" + n + "D)?)?|" + n + "M(?:" + n + "D)?|" + n + "D)";
  const string label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
  const string host = label + "(?:\\." + label + "){0,3}";
  const string word = "[A-Za-z0-9_+-]{1,32}";
  const string byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  const string h16 = "[0-9a-fA-F]{1,4}";
  const string in_path = "(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})";
  const string in_query = "(?:" + in_path + "|\\?)";
  return {
      {"date", date},
      {"date-time", date + "T" + time},
      {"duration", "P(?:" + n + "W|" + days + "(?:T" + hours + ")?|T" + hours + ")"},
      {"email", word + "(?:\\." + word + "){0,2}@" + label + "(?:\\." + label + "){1,3}"},
      {"hostname", host},
      {"ipv4", byte + "(?:\\." + byte + "){3}"},
      {"ipv6", "(?:" + h16 + ":){7}" + h16 + "|::(?:" + h16 + "(?::" + h16 + "){0,5})?"},
      {"time", time},
      {"uri", "[A-Za-z][A-Za-z0-9+.-]{0,15}://" + host + "(?::[0-9]{1,4})?(?:/" + in_path + "{0,200})?(?:\\?" +
                  in_query + "{0,200})?(?:#" + in_query + "{0,200})?"},
      {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
  };
}

}  // namespace

std::span<const StringFormat> string_formats() {
  static const std::vector<StringFormat> formats = make_formats();
  return formats;
}

const StringFormat* find_string_format(std::string_view name) {
  const auto formats = string_formats();
  const auto found =
      std::find_if(formats.begin(), formats.end(), [&](const auto& format) { return format.name == name; });
  return found == formats.end() ? nullptr : &*found;
}

}  // namespace adze::text
