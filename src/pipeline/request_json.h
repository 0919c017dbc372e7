// A request to quantize as JSON: all that the bytes of the output depend on beside the files that were read.
#pragma once

#include "base/json.h"
#include "pipeline/quantize.h"

namespace adze::pipeline {

/// With the quantizer that is meant by an empty name, and the value of each of its parameters.
Json to_json(const QuantizeRequest& request);

/// Without the paths. Error(bad_input | unsupported) naming `source` for what this program does not know.
QuantizeRequest request_from_json(const Json& json, const std::string& source);

}  // namespace adze::pipeline
