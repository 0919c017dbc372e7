// A model of a hub as far as its headers tell: settings, vocabulary, names, shapes and types, but no weights.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"
#include "base/temporary_folder.h"
#include "hub/hub_files.h"

namespace adze::pipeline {

/// A folder with files of the right names and sizes that hold headers and, where weights would be, nothing: readers
/// open them as they open the model, and they take no room on the disk. Goes with the object.
class ModelHeaders {
 public:
  /// Asks the hub for the beginning of each file of weights, and for the small files beside them.
  /// Throws Error as hub::pull() does; Error(unsupported) for weights other than GGUF and safetensors.
  ModelHeaders(const hub::HubName& name, const hub::HubOptions& options, Progress& progress = no_progress());

  /// To read the model from.
  const std::string& model_path() const { return model_path_; }
  uint64_t fetched_bytes() const { return fetched_bytes_; }

 private:
  TemporaryFolder folder_;
  std::string model_path_;
  uint64_t fetched_bytes_ = 0;
};

}  // namespace adze::pipeline
