#include "cli/listed_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/adapter_format.h"
#include "architectures/architecture.h"
#include "backends/backend.h"
#include "base/cpu_features.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/format.h"
#include "formats/pytorch_networks/pytorch_network.h"
#include "ops/op.h"
#include "passes/pass.h"
#include "pipeline/conversions.h"
#include "pipeline/model_shapes.h"
#include "quantize/mix.h"
#include "quantize/quantizer.h"
#include "runtime/samplers/sampler_step.h"
#include "transforms/transform.h"

namespace adze::cli {
namespace {

using report::Align;
using report::Cell;
using report::Table;

Table list_adapters() {
  Table list({{"Name", "name"}, {"Files", "files"}, {"What", "what"}});
  for (const auto& format : adapters::all_adapter_formats()) {
    list.add_row({format.name, format.path_pattern, format.summary});
  }
  return list;
}

Table list_architectures() {
  Table list({{"Name", "name"}, {"Hugging Face classes", "hugging_face_classes"}, {"What", "what"}});
  for (const auto* architecture : architectures::all_architectures()) {
    std::vector<std::string_view> classes;
    for (const auto& known : architecture->hugging_face_classes) classes.push_back(known.class_name);
    list.add_row({architecture->name, fmt::format("{}", fmt::join(classes, ", ")), architecture->summary});
  }
  return list;
}

Table list_backends() {
  Table list({{"Name", "name"}, {"Here", "available"}, {"Found", "found"}, {"What", "what"}});
  for (const auto* backend : backends::all_backends()) {
    std::string description;
    const bool available = backend->available(description);
    list.add_row({backend->name, Cell::flag(available), description, backend->summary});
  }
  return list;
}

Table list_codecs() {
  Table list({{"Name", "name"},
              {"Bits", "bits", Align::right},
              {"Block", "block", Align::right},
              {"Written", "written"},
              {"What", "what"}});
  for (const auto* codec : codecs::all_codecs()) {
    const auto& info = codec->info;
    list.add_row({info.name, Cell::shown_as(fmt::format("{:.4g}", info.bits_per_weight()), info.bits_per_weight()),
                  Cell::integer(info.block_elements), Cell::flag(static_cast<bool>(codec->encode)), info.summary});
  }
  for (const auto& family : codecs::group_families()) {
    const auto& example = codecs::require_codec(family.example).info;
    list.add_row({family.pattern,
                  Cell::shown_as(fmt::format("{:.4g}", example.bits_per_weight()), example.bits_per_weight()),
                  Cell::integer(example.block_elements), Cell::flag(family.is_written),
                  fmt::format("{}; the figures are those of {}", family.summary, family.example)});
  }
  return list;
}

std::string name_or_none(StorageType type) { return type ? std::string(type->name) : "none"; }

Table list_conversions() {
  Table list({{"From", "from"},
              {"Format", "format"},
              {"Values", "fidelity"},
              {"Stored as", "to"},
              {"If exact there", "smaller_if_exact"},
              {"Or there", "larger_if_exact"},
              {"Exact", "larger_if_required"}});
  for (const auto& row : pipeline::all_conversions()) {
    list.add_row({row.from->name, row.format, pipeline::fidelity_name(row.fidelity), row.to->name,
                  name_or_none(row.smaller_if_exact), name_or_none(row.larger_if_exact),
                  name_or_none(row.larger_if_required)});
  }
  return list;
}

Table list_formats() {
  Table list({{"Name", "name"}, {"Written", "written"}, {"Files", "files"}, {"What", "what"}});
  for (const auto& format : formats::all_formats()) {
    list.add_row({format.name, Cell::flag(format.write != nullptr), format.file_pattern, format.summary});
  }
  return list;
}

Table list_kernels() {
  Table list({{"Op", "op"}, {"Kernel", "kernel"}, {"Needs", "isa"}, {"Here", "available"}});
  const Isa active = active_isa();
  for (const auto* op : ops::all_ops()) {
    for (const auto& kernel : op->kernels) {
      list.add_row({op->name, kernel.name, isa_name(kernel.isa), Cell::flag(isa_includes(active, kernel.isa))});
    }
  }
  return list;
}

Table list_mixes() {
  Table list({{"Name", "name"}, {"Base", "base"}, {"What", "what"}});
  for (const auto& mix : quantize::all_mixes()) list.add_row({mix.name, mix.base->name, mix.summary});
  return list;
}

Table list_networks() {
  Table list({{"Name", "name"}, {"What", "what"}});
  for (const auto& network : formats::all_pytorch_networks()) list.add_row({network.name, network.summary});
  return list;
}

Table list_ops() {
  Table list({{"Name", "name"}, {"Kernels", "kernels", Align::right}, {"What", "what"}});
  for (const auto* op : ops::all_ops()) {
    list.add_row({op->name, Cell::integer(static_cast<int64_t>(op->kernels.size())), op->summary});
  }
  return list;
}

Table list_passes() {
  Table list({{"Name", "name"},
              {"Of language models", "of_language_models"},
              {"Of graph formats", "of_graph_formats"},
              {"What", "what"}});
  const auto is_in = [](std::span<const std::string_view> pipeline, std::string_view name) {
    return std::ranges::find(pipeline, name) != pipeline.end();
  };
  for (const auto& pass : passes::all_passes()) {
    const bool of_formats =
        is_in(passes::standard_pipeline(), pass.name) || is_in(passes::layout_pipeline(), pass.name);
    list.add_row(
        {pass.name, Cell::flag(is_in(passes::default_pipeline(), pass.name)), Cell::flag(of_formats), pass.summary});
  }
  return list;
}

Table list_parameters() {
  Table list({{"Of", "of"}, {"Name", "name"}, {"Default", "default"}, {"Range", "range"}, {"What", "what"}});
  const auto add = [&](std::string_view of, const std::string& prefix, std::span<const quantize::Parameter> all) {
    for (const auto& parameter : all) {
      list.add_row({of, fmt::format("{}{}", prefix, parameter.name), parameter.text_of(parameter.initial),
                    parameter.range_text(), parameter.meaning});
    }
  };
  for (const auto* quantizer : quantize::all_quantizers()) add(quantizer->name, "", quantizer->parameters);
  for (const auto* transform : transforms::all_transforms()) {
    add(transform->name, fmt::format("{}.", transform->name), transform->parameters);
  }
  const auto add_of_samplers = [&](std::string_view of, std::span<const runtime::SamplerParameter> all) {
    for (const auto& parameter : all) {
      list.add_row({of, parameter.name, parameter.initial_text(), parameter.range_text(), parameter.meaning});
    }
  };
  for (const auto* sampler : runtime::all_samplers()) add_of_samplers(sampler->name, sampler->parameters);
  add_of_samplers("samplers", runtime::shared_sampler_parameters());
  return list;
}

Table list_samplers() {
  using runtime::SamplerPlace;
  Table list({{"Name", "name"}, {"In the chain", "place"}, {"Parameters", "parameters"}, {"What", "what"}});
  const auto by_default = runtime::samplers_named(runtime::kDefaultSamplers);
  for (const auto* sampler : runtime::all_samplers()) {
    std::vector<std::string_view> parameters;
    for (const auto& parameter : sampler->parameters) parameters.push_back(parameter.name);
    const auto position = std::ranges::find(by_default, sampler) - by_default.begin() + 1;
    const std::string place = sampler->place == SamplerPlace::first           ? "first"
                              : sampler->place == SamplerPlace::last          ? "last"
                              : sampler->place == SamplerPlace::last_if_named ? "last, if named"
                                                                              : fmt::format("{}", position);
    list.add_row({sampler->name, place, parameters.empty() ? "none" : fmt::format("{}", fmt::join(parameters, " ")),
                  sampler->summary});
  }
  return list;
}

Table list_transforms() {
  Table list({{"Name", "name"}, {"Reads", "reads"}, {"Parameters", "parameters"}, {"What", "what"}});
  for (const auto* transform : transforms::all_transforms()) {
    std::vector<std::string_view> parameters;
    for (const auto& parameter : transform->parameters) parameters.push_back(parameter.name);
    list.add_row({transform->name, transform->needs_statistics ? "statistics" : "nothing",
                  fmt::format("{}", fmt::join(parameters, " ")), transform->summary});
  }
  return list;
}

Table list_quantizers() {
  Table list({{"Name", "name"}, {"Reads", "reads"}, {"Codecs", "codecs"}, {"What", "what"}});
  for (const auto* quantizer : quantize::all_quantizers()) {
    std::vector<std::string_view> codecs;
    for (const auto* codec : codecs::all_codecs()) {
      const bool drives = quantizer->drives ? quantizer->drives(*codec) : quantizer->supports(*codec);
      if (drives && !codec->info.is_plain()) codecs.push_back(codec->info.name);
    }
    const auto* reads = quantizer->reads_hessians ? "Hessians" : quantizer->reads_importance ? "importance" : "nothing";
    list.add_row({quantizer->name, reads, fmt::format("{}", fmt::join(codecs, " ")), quantizer->summary});
  }
  return list;
}

Table list_shapes() {
  Table list({{"Name", "name"},
              {"Layers", "layers", Align::right},
              {"Features", "features", Align::right},
              {"Hidden", "hidden", Align::right},
              {"Heads", "heads", Align::right},
              {"Key heads", "key_heads", Align::right},
              {"Head", "head_dim", Align::right},
              {"Vocabulary", "vocabulary", Align::right}});
  for (const auto& shape : pipeline::all_model_shapes()) {
    list.add_row({shape.name, Cell::integer(shape.layers), Cell::integer(shape.features), Cell::integer(shape.hidden),
                  Cell::integer(shape.heads), Cell::integer(shape.key_heads), Cell::integer(shape.head_dim),
                  Cell::integer(shape.vocabulary)});
  }
  return list;
}

constexpr std::array kTables = {
    ListedTable{"adapters", "LoRA and DoRA adapters that can be read and written", list_adapters},
    ListedTable{"architectures", "model architectures that can be run and converted", list_architectures},
    ListedTable{"backends", "devices that models can run on", list_backends},
    ListedTable{"codecs", "how numbers are packed: storage types of tensors", list_codecs},
    ListedTable{"conversions", "what packed tensors become in other formats", list_conversions},
    ListedTable{"formats", "model files and folders that can be read and written", list_formats},
    ListedTable{"kernels", "implementations of each op, the preferred one first", list_kernels},
    ListedTable{"mixes", "policies: which tensor gets which codec", list_mixes},
    ListedTable{"networks", "PyTorch checkpoints that are graphs: known by their weights", list_networks},
    ListedTable{"ops", "what a graph is made of", list_ops},
    ListedTable{"parameters", "what can be set about quantizers, transforms and samplers", list_parameters},
    ListedTable{"passes", "rewrites that make a graph better", list_passes},
    ListedTable{"quantizers", "how the stored values are chosen", list_quantizers},
    ListedTable{"samplers", "how the next token is chosen, in this order", list_samplers},
    ListedTable{"shapes", "of known models, for files of random weights", list_shapes},
    ListedTable{"transforms", "rewrites of a model's weights that make it easier to quantize", list_transforms},
};

}  // namespace

std::span<const ListedTable> all_listed_tables() { return kTables; }

}  // namespace adze::cli
