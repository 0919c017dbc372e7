#include "cli/listed_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "architectures/architecture.h"
#include "backends/backend.h"
#include "base/cpu_features.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "ops/op.h"
#include "passes/pass.h"

namespace adze::cli {
namespace {

ListedRows list_architectures() {
  ListedRows list{{"name", "Hugging Face classes", "what"}, {}};
  for (const auto* architecture : architectures::all_architectures()) {
    std::vector<std::string_view> classes;
    for (const auto& known : architecture->hugging_face_classes) classes.push_back(known.class_name);
    list.rows.push_back({std::string(architecture->name), fmt::format("{}", fmt::join(classes, ", ")),
                         std::string(architecture->summary)});
  }
  return list;
}

ListedRows list_backends() {
  ListedRows list{{"name", "here", "what"}, {}};
  for (const auto* backend : backends::all_backends()) {
    std::string description;
    const bool available = backend->available(description);
    list.rows.push_back(
        {std::string(backend->name), available ? "yes" : "no", fmt::format("{}: {}", backend->summary, description)});
  }
  return list;
}

ListedRows list_codecs() {
  ListedRows list{{"name", "bits", "block", "can", "what"}, {}};
  for (const auto* codec : codecs::all_codecs()) {
    list.rows.push_back({std::string(codec->info.name), fmt::format("{:.4g}", codec->info.bits_per_weight()),
                         fmt::format("{}", codec->info.block_elements), codec->encode ? "read, write" : "read",
                         std::string(codec->info.summary)});
  }
  return list;
}

ListedRows list_formats() {
  ListedRows list{{"name", "can", "files", "what"}, {}};
  for (const auto& format : formats::all_formats()) {
    list.rows.push_back({std::string(format.name), format.write ? "read, write" : "read",
                         std::string(format.file_pattern), std::string(format.summary)});
  }
  return list;
}

ListedRows list_kernels() {
  ListedRows list{{"op", "kernel", "needs", "here"}, {}};
  const Isa active = active_isa();
  for (const auto* op : ops::all_ops()) {
    for (const auto& kernel : op->kernels) {
      list.rows.push_back({std::string(op->name), std::string(kernel.name), isa_name(kernel.isa),
                           isa_includes(active, kernel.isa) ? "yes" : "no"});
    }
  }
  return list;
}

ListedRows list_ops() {
  ListedRows list{{"name", "kernels", "what"}, {}};
  for (const auto* op : ops::all_ops()) {
    list.rows.push_back({std::string(op->name), fmt::format("{}", op->kernels.size()), std::string(op->summary)});
  }
  return list;
}

ListedRows list_passes() {
  ListedRows list{{"name", "by default", "what"}, {}};
  const auto pipeline = passes::default_pipeline();
  for (const auto& pass : passes::all_passes()) {
    const bool by_default = std::find(pipeline.begin(), pipeline.end(), pass.name) != pipeline.end();
    list.rows.push_back({std::string(pass.name), by_default ? "yes" : "no", std::string(pass.summary)});
  }
  return list;
}

constexpr std::array kTables = {
    ListedTable{"architectures", "model architectures that can be run and converted", list_architectures},
    ListedTable{"backends", "devices that models can run on", list_backends},
    ListedTable{"codecs", "how numbers are packed: storage types of tensors", list_codecs},
    ListedTable{"formats", "model files and folders that can be read and written", list_formats},
    ListedTable{"kernels", "implementations of each op, the preferred one first", list_kernels},
    ListedTable{"ops", "what a graph is made of", list_ops},
    ListedTable{"passes", "rewrites that make a graph better", list_passes},
};

}  // namespace

std::span<const ListedTable> all_listed_tables() { return kTables; }

}  // namespace adze::cli
