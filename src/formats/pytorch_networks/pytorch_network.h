// Networks whose checkpoints hold weights alone: what the names and shapes of those say is computed with them.
//
// all_pytorch_networks.cpp is the table. Conditions come from which weights exist and from their shapes, never from
// names of files or models.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/graph_format.h"
#include "formats/standard_nodes.h"

namespace adze::formats {

struct PytorchNetwork {
  std::string_view name;     // of the family: "resnet"
  std::string_view summary;  // one line
  /// Whether these are the weights of such a network, all of them and no others.
  bool (*fits)(const model::TensorList& weights);
  /// From one input to one output. Error(bad_input) naming a weight whose shape does not fit. REQUIRES: fits(weights).
  void (*build)(const model::TensorList& weights, StandardNodes& nodes);
};

std::span<const PytorchNetwork> all_pytorch_networks();

/// A checkpoint (formats/pytorch/) with the weights of one of them; those of DataParallel, whose names begin with
/// "module.", too. False for files that cannot be read.
bool is_pytorch_network(const std::string& path);

/// The verified graph; numbers stay in the mapped file. REQUIRES: is_pytorch_network(path).
StandardGraph read_pytorch_graph(const std::string& path);

std::vector<GraphFact> pytorch_network_facts(const std::string& path);

}  // namespace adze::formats
