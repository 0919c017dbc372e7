// The tables of a TFLite file as plain structs: what reading gives.
//
// Numbers of tensors stay in the mapped file. Tensors are named by their place in their sub-graph.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/tflite/flat_table.h"
#include "tensor/codec_info.h"

namespace adze::formats {

/// Integers with scales and zero points, for a whole tensor or along an axis.
struct TfliteScales {
  std::vector<float> scales;
  std::vector<int64_t> zeros;  // as many
  int64_t axis = 0;
};

struct TfliteTensor {
  std::string name;
  std::vector<int64_t> dims;  // -1: known when it runs
  bool has_shape = false;     // false for what is written when the shape is not known
  int8_t type = 0;
  std::span<const std::byte> bytes;  // empty: it is computed
  bool is_constant = false;
  std::optional<TfliteScales> scales;  // where it is quantized
  bool is_variable = false;
};

struct TfliteOperator {
  int32_t code = 0;                      // BuiltinOperator
  std::string custom;                    // the name of one that is not built in
  std::vector<int32_t> inputs, outputs;  // -1: none
  FlatTable options;
};

struct TfliteSubgraph {
  std::string name;
  std::vector<TfliteTensor> tensors;
  std::vector<int32_t> inputs, outputs;
  std::vector<TfliteOperator> operators;
};

struct TfliteModel {
  uint32_t version = 0;
  std::string description;
  std::vector<TfliteSubgraph> subgraphs;
  std::shared_ptr<const void> keeps_bytes;
};

/// A file with TFLite's identifier.
bool is_tflite(const std::string& path);

/// Error(bad_input) for what is malformed; Error(unsupported) for sparse tensors and numbers in other files.
TfliteModel read_tflite_model(const std::string& path);
/// The same for bytes in memory, which `owner` keeps.
TfliteModel read_tflite_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                              const std::string& name);

/// Error(unsupported) for types that are not known. Null for texts.
StorageType storage_of_tflite(int8_t type);

}  // namespace adze::formats
