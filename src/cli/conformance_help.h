// What verbs that write a model say of a source whose conformance kit does not fit.
#pragma once

namespace adze::cli {

inline constexpr const char* kAllowMismatchHelp =
    "take a source whose tokenizer or chat template is not what it was when its file was written, and describe them in "
    "OUT as they are now";

}  // namespace adze::cli
