// How a model is run: what the verbs that run one have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "runtime/engine/draft_model.h"
#include "runtime/session.h"

namespace adze::cli {

struct SessionArguments {
  std::string model;
  int64_t threads = 0;
  int64_t context = 0;
  std::string activation = "auto";
  std::string kv = "f16";
  std::string weights = "packed";
  std::vector<std::string> adapters = {};  // PATH or PATH:SCALE
  std::optional<std::string> draft_model = {};

  void declare_model(Arguments& arguments);
  void declare_context(Arguments& arguments);
  /// Threads and precision, under a heading of their own.
  void declare_running(Arguments& arguments);
  void declare_precision(Arguments& arguments);
  void declare_adapters(Arguments& arguments);
  void declare_draft_model(Arguments& arguments);
  /// The same without what only models that generate have.
  void declare_encoding(Arguments& arguments);

 private:
  void declare_threads(Arguments& arguments);
  void declare_activation(Arguments& arguments);
  void declare_weights(Arguments& arguments);
};

/// Reads the model that the arguments name with the adapters that go with it, and builds its graph.
std::shared_ptr<runtime::LoadedModel> load_model(const SessionArguments& arguments);
/// The same for one that has been read.
std::shared_ptr<runtime::LoadedModel> load_model(const SessionArguments& arguments, model::Model model);
/// Another model, run alike but without adapters.
std::shared_ptr<runtime::LoadedModel> load_other_model(const SessionArguments& arguments, const std::string& path);

struct SessionSize {
  int64_t context_tokens = 0;  // 0: what the model was trained for, at most 4096
  int64_t batch_tokens = 512;
  int64_t logit_rows = 1;
};

std::unique_ptr<runtime::Session> open_session(std::shared_ptr<runtime::LoadedModel> model,
                                               const SessionArguments& arguments, const SessionSize& size);

/// Of a session for one text, whose guessed tokens are checked together.
int64_t logit_rows_for(const SessionArguments& arguments);

/// The model of --draft-model, which guesses ahead for `session`; null without. Throws Error(bad_input) when it has
/// another vocabulary.
std::unique_ptr<runtime::DraftModel> open_draft_model(const SessionArguments& arguments,
                                                      const runtime::Session& session);

}  // namespace adze::cli
