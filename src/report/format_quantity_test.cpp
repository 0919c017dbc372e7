#include "report/format_quantity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace adze::report {
namespace {

TEST(FormatQuantity, Bytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.00 kB");
  EXPECT_EQ(format_bytes(98'412'345), "98.4 MB");
  EXPECT_EQ(format_bytes(1'250'000'000), "1.25 GB");
  EXPECT_EQ(format_bytes(-1500), "-1.50 kB");
  EXPECT_EQ(format_bytes(INT64_MAX), "9.22 EB");
}

TEST(FormatQuantity, RoundingNeverShowsAThousand) {
  EXPECT_EQ(format_bytes(999'499), "999 kB");
  EXPECT_EQ(format_bytes(999'500), "1.00 MB");
  EXPECT_EQ(format_bytes(9'995), "9.99 kB");  // 9.995 lies just below in binary
  EXPECT_EQ(format_bytes(9'996), "10.0 kB");
  EXPECT_EQ(format_bytes(99'960), "100 kB");
}

TEST(FormatQuantity, Counts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(272), "272");
  EXPECT_EQ(format_count(134'515'008), "135 M");
  EXPECT_EQ(format_count(1.25e9), "1.25 G");
  EXPECT_EQ(format_count(2.5), "2.50");
  EXPECT_EQ(format_count(1e20), "100000 P");
}

TEST(FormatQuantity, Durations) {
  EXPECT_EQ(format_duration(0), "0 ns");
  EXPECT_EQ(format_duration(850e-9), "850 ns");
  EXPECT_EQ(format_duration(1.5e-6), "1.50 µs");
  EXPECT_EQ(format_duration(0.0123), "12.3 ms");
  EXPECT_EQ(format_duration(0.9996), "1.00 s");
  EXPECT_EQ(format_duration(59.9), "59.9 s");
  EXPECT_EQ(format_duration(59.96), "1 min 00 s");
  EXPECT_EQ(format_duration(125), "2 min 05 s");
  EXPECT_EQ(format_duration(3599.6), "1 h 00 min");
  EXPECT_EQ(format_duration(3750), "1 h 03 min");
  EXPECT_EQ(format_duration(-125), "-2 min 05 s");
}

TEST(FormatQuantity, NumbersKeepThreeDigits) {
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(54.321), "54.3");
  EXPECT_EQ(format_number(1250), "1250");
  EXPECT_EQ(format_number(0.04213), "0.0421");
  EXPECT_EQ(format_number(-0.04213), "-0.0421");
  EXPECT_EQ(format_number(99.96), "100");
  EXPECT_EQ(format_percent(0.0421), "4.21 %");
  EXPECT_EQ(format_percent(1), "100 %");
}

TEST(FormatQuantity, NotFinite) {
  EXPECT_EQ(format_number(NAN), "nan");
  EXPECT_EQ(format_percent(INFINITY), "inf");
  EXPECT_EQ(format_count(-INFINITY), "-inf");
  EXPECT_FALSE(format_duration(NAN).empty());
}

}  // namespace
}  // namespace adze::report
