#include "passes/choose_activation_quantization.h"
#include "passes/deduplicate_nodes.h"
#include "passes/pass.h"
#include "passes/remove_dead_nodes.h"

namespace adze::passes {
namespace {

constexpr Pass kPasses[] = {
    {"choose_activation_quantization", "set in what precision each linear multiplies its activations",
     choose_activation_quantization},
    {"deduplicate_nodes", "compute equal expressions without effects once", deduplicate_nodes},
    {"remove_dead_nodes", "remove nodes and weights that neither outputs nor states need", remove_dead_nodes},
};

constexpr std::string_view kDefaultPipeline[] = {"remove_dead_nodes", "deduplicate_nodes",
                                                 "choose_activation_quantization"};

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }
std::span<const std::string_view> default_pipeline() { return kDefaultPipeline; }

}  // namespace adze::passes
