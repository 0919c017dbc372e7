// Any bytes as a request of KServe's protocol, JSON as far as the first two bytes say: an Error, or inputs that hold as
// many elements as their shapes say and that go out as they came in.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "server/kserve_tensors.h"

namespace {

using namespace adze;

void check(const server::InferRequest& request) {
  std::string binary;
  server::InferRequest all;
  all.wants_binary = true;
  const Json outputs = server::infer_outputs(all, request.inputs, binary);
  size_t bytes = 0;
  for (const auto& output : outputs) bytes += output["parameters"]["binary_data_size"].get<size_t>();
  if (bytes != binary.size() || outputs.size() != request.inputs.size()) std::abort();
  for (const auto& input : request.inputs) {
    if (checked_element_count(input.tensor.dims()) != input.tensor.count()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t json_bytes = data[0] | size_t{data[1]} << 8;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  try {
    check(server::read_infer_request(body, json_bytes));
  } catch (const Error&) {
  }
  try {
    check(server::read_infer_request(body, std::nullopt));
  } catch (const Error&) {
  }
  return 0;
}
