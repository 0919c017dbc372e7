// Where a factor or a rotation can move from one weight of a model into another, read off its graph: no names of
// tensors or architectures are known here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace adze::transforms {

/// A product y = W x + b.
struct LinearWeights {
  std::string weight;
  std::string bias = {};  // empty: none
};

/// Products that read one value behind a norm's weight.
struct NormedReaders {
  std::string norm;                  // a vector of factors
  std::vector<std::string> readers;  // matrices
};

/// Heads of values, from the matrix that makes them, past attention, to the matrix that reads them.
struct ValuePath {
  LinearWeights values;
  std::string output;
  int64_t query_heads = 0;
  int64_t key_heads = 0;
  int64_t head_dim = 0;
};

/// A product that a gate multiplies, and the matrix that reads what comes out.
struct GatedPath {
  LinearWeights up;
  std::string down;
};

/// Everything that touches the sum which runs through all layers.
struct ResidualStream {
  int64_t features = 0;
  std::vector<std::string> embeddings;  // rows are added to it
  std::vector<LinearWeights> writers;   // outputs are added to it
  std::vector<NormedReaders> readers;   // behind RMS norms
};

struct ModelStructure {
  std::vector<NormedReaders> norms;
  std::vector<ValuePath> values;
  std::vector<GatedPath> gated;
  ResidualStream residual;
  // Where none of these is possible, and why.
  std::vector<std::string> norm_refusals;
  std::vector<std::string> value_refusals;
  std::vector<std::string> gate_refusals;
  std::vector<std::string> stream_refusals;  // of any, the stream cannot be followed

  std::map<std::string, int> uses;  // of each weight
};

/// REQUIRES: a graph as an architecture builds it, before any pass.
ModelStructure find_structure(const graph::Graph& graph);

}  // namespace adze::transforms
