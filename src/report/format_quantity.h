// Numbers as people read them: three significant digits and a unit, the same in every locale.
#pragma once

#include <cstdint>
#include <string>

namespace adze::report {

/// "512 B", "98.4 MB", "1.25 GB": decimal units, as disks and download pages count.
std::string format_bytes(int64_t bytes);

/// "999", "134 M", "1.25 G": parameters, operations, tokens.
std::string format_count(double count);

/// "850 ns", "12.3 ms", "1.25 s", "2 min 05 s", "1 h 02 min".
std::string format_duration(double seconds);

/// "4.21 %" for 0.0421.
std::string format_percent(double fraction);

/// Three significant digits without an exponent, "54.3", "1250", "0.0421"; "inf", "nan".
std::string format_number(double number);

}  // namespace adze::report
