// Whether two models, in whatever formats, are the same: numbers, settings, tokenizer, chat templates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "pipeline/diff_tensors.h"

namespace adze::pipeline {

/// A setting that only one model has, or that differs. Empty text: it is not there.
struct SettingDifference {
  std::string section;  // "config", "generation"
  std::string key;
  std::string first;
  std::string second;
};

/// What a tokenizer or a chat template does differently, with an example.
struct TextDifference {
  std::string what;     // "encodings", "vocabulary"
  std::string details;  // "3 of 39 sample texts, the first: …"
};

struct DiffRequest {
  std::string first = {};  // any formats
  std::string second = {};
  double tolerance = 0;  // relative error up to which tensors count as equal
  bool with_tensors = true;
  unsigned threads = 0;
};

struct DiffReport {
  int64_t compared_tensors = 0;  // that both have, in the same shape
  std::vector<TensorDifference> tensors = {};
  std::vector<SettingDifference> settings = {};
  std::vector<TextDifference> tokenizer = {};
  std::vector<TextDifference> chat_templates = {};
  std::string first_format = {};
  std::string second_format = {};
  double seconds = 0;

  bool equal() const { return tensors.empty() && settings.empty() && tokenizer.empty() && chat_templates.empty(); }
};

/// Names, licences and how the tensors are stored do not count. Memory in use is bounded by a few rows per thread.
/// Throws as reading models does.
DiffReport diff(const DiffRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
