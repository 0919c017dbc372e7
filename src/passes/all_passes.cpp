#include "passes/cancel_transposes.h"
#include "passes/choose_activation_quantization.h"
#include "passes/deduplicate_nodes.h"
#include "passes/fold_channel_factors.h"
#include "passes/fold_constants.h"
#include "passes/fuse_convolutions.h"
#include "passes/fuse_elementwise.h"
#include "passes/look_up_one_hot.h"
#include "passes/pass.h"
#include "passes/recognize_quantized.h"
#include "passes/remove_dead_nodes.h"
#include "passes/use_channels_last.h"

namespace adze::passes {
namespace {

constexpr Pass kPasses[] = {
    {"cancel_transposes", "move transposes behind functions of single numbers and join them", cancel_transposes},
    {"choose_activation_quantization", "set in what precision each linear multiplies its activations",
     choose_activation_quantization},
    {"deduplicate_nodes", "compute equal expressions without effects once", deduplicate_nodes},
    {"fold_channel_factors", "put normalizations and biases behind convolutions into their weights",
     fold_channel_factors},
    {"fold_constants", "compute once what does not depend on inputs", fold_constants},
    {"fuse_convolutions", "let convolutions add the tensor and apply the activation behind them", fuse_convolutions},
    {"fuse_elementwise", "compute functions of single numbers that only serve one another in one walk",
     fuse_elementwise},
    {"look_up_one_hot", "choose rows of a matrix instead of multiplying it with ones and zeros", look_up_one_hot},
    {"recognize_quantized", "compute in integers what stands between DequantizeLinear and QuantizeLinear",
     recognize_quantized},
    {"remove_dead_nodes", "remove nodes and weights that neither outputs nor states need", remove_dead_nodes},
    {"use_channels_last", "compute convolutions with channels last where that is faster", use_channels_last},
};

constexpr std::string_view kDefaultPipeline[] = {"remove_dead_nodes", "deduplicate_nodes",
                                                 "choose_activation_quantization"};

// Constants twice: sub-graphs are visited before the graph whose constants they capture.
constexpr std::string_view kStandardPipeline[] = {
    "remove_dead_nodes",   "fold_constants",       "fold_constants",    "deduplicate_nodes", "cancel_transposes",
    "recognize_quantized", "fold_channel_factors", "fuse_convolutions", "remove_dead_nodes",
};

constexpr std::string_view kLayoutPipeline[] = {"use_channels_last", "cancel_transposes", "deduplicate_nodes",
                                                "remove_dead_nodes", "look_up_one_hot",   "fuse_elementwise"};

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }
std::span<const std::string_view> default_pipeline() { return kDefaultPipeline; }
std::span<const std::string_view> standard_pipeline() { return kStandardPipeline; }
std::span<const std::string_view> layout_pipeline() { return kLayoutPipeline; }

}  // namespace adze::passes
