#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "formats/pytorch/checkpoint.h"
#include "formats/pytorch/read_pytorch.h"
#include "formats/pytorch_networks/pytorch_network.h"

namespace adze::formats {
namespace {

constexpr std::string_view kParallel = "module.";             // what DataParallel puts before every name
constexpr std::string_view kCounter = "num_batches_tracked";  // of training; no weight

/// Without DataParallel's prefix and counters.
model::TensorList weights_of(std::vector<model::Tensor> tensors) {
  const bool parallel = std::ranges::all_of(tensors, [](const auto& t) { return t.name.starts_with(kParallel); });
  model::TensorList weights;
  for (model::Tensor& tensor : tensors) {
    const std::string name = parallel ? tensor.name.substr(kParallel.size()) : tensor.name;
    if (!name.ends_with(kCounter)) weights.add(model::renamed(std::move(tensor), name));
  }
  return weights;
}

const PytorchNetwork* network_of(const model::TensorList& weights) {
  const auto networks = all_pytorch_networks();
  const auto found = std::ranges::find_if(networks, [&](const PytorchNetwork& n) { return n.fits(weights); });
  return found == networks.end() ? nullptr : &*found;
}

/// By the names and shapes in a file: tensors without numbers. What it asks to run is told by who reads it whole.
const PytorchNetwork* network_of_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  std::vector<model::Tensor> tensors;
  for (CheckpointTensor& tensor : read_checkpoint(file->bytes(), path).tensors) {
    tensors.push_back({tensor.name, tensor.shape, tensor.storage, nullptr});
  }
  return network_of(weights_of(std::move(tensors)));
}

}  // namespace

bool is_pytorch_network(const std::string& path) {
  if (!is_pytorch(path)) return false;
  try {
    return network_of_file(path) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

StandardGraph read_pytorch_graph(const std::string& path) {
  return with_context(path, [&] {
    const auto read = read_pytorch(path);
    const auto weights = weights_of({read.tensors.begin(), read.tensors.end()});
    const PytorchNetwork* network = network_of(weights);
    if (!network) fail(ErrorCode::unsupported, "its weights are those of no network of `adze list networks`");
    StandardGraph result;
    const auto graph = std::make_shared<graph::Graph>();
    graph->name = network->name;
    StandardNodes nodes(*graph, result.weights);
    network->build(weights, nodes);
    verify(*graph);
    result.graph = graph;
    return result;
  });
}

std::vector<GraphFact> pytorch_network_facts(const std::string& path) {
  return {{"Network", "network", std::string(network_of_file(path)->name)}};
}

}  // namespace adze::formats
