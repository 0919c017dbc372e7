// Operators of TFLite and how they become standard ops. The table is tflite_meanings.cpp, its functions lie by family.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/tflite/tflite_step.h"

namespace adze::formats {

struct TfliteMeaning {
  int32_t code;               // BuiltinOperator
  std::string_view name;      // "CONV_2D"
  std::string_view standard;  // the op that it is, where one function serves several operators
  void (*put)(TfliteStep& step, std::string_view standard);
};

/// Null when unknown.
const TfliteMeaning* find_tflite_meaning(int32_t code);

/// "CONV_2D", or "operator 210" when unknown.
std::string tflite_operator_name(int32_t code, const std::string& custom);

}  // namespace adze::formats
