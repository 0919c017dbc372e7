// lint: foreign names: formats
// The table of formats. To add one: write its folder, add a line here and a page in docs/formats/.
#include <array>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "formats/conformance.h"
#include "formats/format.h"
#include "formats/gguf/complete_for_gguf.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "formats/group_planes.h"
#include "formats/hf/read_hf.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/hf/write_hf.h"
#include "formats/hf_quantized/mxfp4.h"
#include "formats/hf_quantized/quant_methods.h"
#include "formats/llama2c/read_llama2c.h"
#include "formats/mlx/mlx_quantization.h"
#include "formats/mlx/read_mlx.h"
#include "formats/mlx/write_mlx.h"
#include "formats/ollama/read_ollama.h"
#include "formats/onnx/read_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/onnx_folder/write_onnx_folder.h"
#include "formats/onnx_lowering/packed_weights.h"
#include "formats/openvino/read_openvino.h"
#include "formats/openvino/write_openvino.h"
#include "formats/openvino_lowering/ir_lowering.h"
#include "formats/ort_genai/read_ort_genai.h"
#include "formats/ort_genai/write_ort_genai.h"
#include "formats/pytorch/read_pytorch.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/tflite/import_tflite.h"

namespace adze::formats {
namespace {

// Dialects are asked before the containers that they use.
constexpr std::array kFormats = {
    Format{.name = "gguf",
           .summary = "GGUF: one file or numbered parts, with config, tokenizer and quantized tensors",
           .file_pattern = "*.gguf",
           .recognizes = is_gguf,
           .read = read_gguf,
           .storage_for = gguf_storage,
           .packed_types = gguf_packed_types,
           .tokenizer_written = gguf_tokenizer,
           .write = write_gguf},
    Format{.name = "mlx",
           .summary = "MLX: a Hugging Face folder with quantized weights",
           .file_pattern = "a folder with config.json that has \"quantization\"",
           .recognizes = is_mlx_folder,
           .read = read_mlx,
           .storage_for = nullptr,
           .packed_types = mlx_packed_types,
           .kept_bytes = kept_plane_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_mlx},
    Format{.name = "gptq",
           .summary = "GPTQ: a Hugging Face folder whose weights have codes of 2, 3, 4 or 8 bits",
           .file_pattern = "a folder with config.json whose \"quant_method\" is \"gptq\"",
           .recognizes = is_quantized_by<"gptq">,
           .read = read_quantized_by<"gptq">,
           .storage_for = nullptr,
           .packed_types = gptq_packed_types,
           .packs = is_linear_of_layer,
           .kept_bytes = quantized_kept_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_quantized_by<"gptq">},
    Format{.name = "awq",
           .summary = "AWQ: a Hugging Face folder whose weights have codes of 4 bits",
           .file_pattern = "a folder with config.json whose \"quant_method\" is \"awq\"",
           .recognizes = is_quantized_by<"awq">,
           .read = read_quantized_by<"awq">,
           .storage_for = nullptr,
           .packed_types = awq_packed_types,
           .packs = is_linear_of_layer,
           .kept_bytes = quantized_kept_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_quantized_by<"awq">},
    Format{.name = "compressed-tensors",
           .summary = "compressed-tensors: a Hugging Face folder with packed integers, or bytes of integers or floats",
           .file_pattern = "a folder with config.json whose \"quant_method\" is \"compressed-tensors\"",
           .recognizes = is_quantized_by<"compressed-tensors">,
           .read = read_quantized_by<"compressed-tensors">,
           .storage_for = nullptr,
           .packed_types = compressed_tensors_packed_types,
           .packs = is_linear_of_layer,
           .kept_bytes = quantized_kept_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_quantized_by<"compressed-tensors">},
    Format{.name = "bitsandbytes",
           .summary = "bitsandbytes: a Hugging Face folder whose weights are NF4, FP4 or int8",
           .file_pattern = "a folder with config.json whose \"quant_method\" is \"bitsandbytes\"",
           .recognizes = is_quantized_by<"bitsandbytes">,
           .read = read_quantized_by<"bitsandbytes">,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
    Format{.name = "fp8",
           .summary = "FP8: a Hugging Face folder whose weights are 8-bit floats with a scale for each block",
           .file_pattern = "a folder with config.json whose \"quant_method\" is \"fp8\"",
           .recognizes = is_quantized_by<"fp8">,
           .read = read_quantized_by<"fp8">,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
    Format{.name = "mxfp4",
           .summary = "Hugging Face with experts in MXFP4: pairs of blocks and scales",
           .file_pattern = "a folder with config.json whose quant_method is \"mxfp4\"",
           .recognizes = is_quantized_by<"mxfp4">,
           .read = read_quantized_by<"mxfp4">,
           .storage_for = nullptr,
           .packed_types = mxfp4_packed_types,
           .tokenizer_written = hf_tokenizer,
           .write = write_mxfp4},
    Format{
        .name = "hf",
        .summary = "Hugging Face: a folder with config.json, safetensors (or, to read, PyTorch's) and tokenizer.json",
        .file_pattern = "a folder with config.json and *.safetensors or pytorch_model*.bin",
        .recognizes = is_hf_folder,
        .read = read_hf,
        .storage_for = nullptr,
        .packed_types = nullptr,
        .tokenizer_written = hf_tokenizer,
        .write = write_hf},
    Format{.name = "safetensors",
           .summary = "safetensors: one file with a bare set of tensors",
           .file_pattern = "*.safetensors",
           .recognizes = is_safetensors,
           .read = read_safetensors,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = write_safetensors},
    Format{.name = "llama2c",
           .summary = "llama2.c: settings and weights in one file, tokenizer.bin beside it",
           .file_pattern = "*.bin",
           .recognizes = is_llama2c,
           .read = read_llama2c,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
    Format{.name = "ollama",
           .summary = "Ollama: a Modelfile, or a model in Ollama's store (ollama://name:tag), with its GGUF weights",
           .file_pattern = "a Modelfile, or a manifest in .ollama/models",
           .recognizes = is_ollama,
           .read = read_ollama,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
    Format{.name = "pytorch",
           .summary = "PyTorch: a checkpoint of torch.save, read without running anything in it",
           .file_pattern = "*.bin, *.pt, *.pth, *.th, *.ckpt",
           .recognizes = is_pytorch,
           .read = read_pytorch,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
    Format{
        .name = "ort-genai",
        .summary = "ONNX Runtime GenAI: a language model's graph in ONNX Runtime's ops, genai_config.json, tokenizer",
        .file_pattern = "a folder with genai_config.json",
        .recognizes = is_ort_genai,
        .read = read_ort_genai,
        .storage_for = onnx_storage,
        .packed_types = ort_genai_packed_types,
        .kept_bytes = kept_plane_bytes,
        .tokenizer_written = hf_tokenizer,
        .write = write_ort_genai},
    Format{.name = "onnx",
           .summary = "ONNX: graphs are read; language models are written as graphs of the standard's ops that are "
                      "given their history",
           .file_pattern = "a folder with model.onnx, or *.onnx",
           .recognizes = is_onnx_model,
           .read = read_onnx,
           .storage_for = onnx_storage,
           .packed_types = onnx_folder_packed_types,
           .kept_bytes = kept_plane_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_onnx_folder},
    Format{.name = "openvino",
           .summary = "OpenVINO: graphs as IR are read and written, and language models as IR that keeps their "
                      "history, with compressed weights",
           .file_pattern = "a folder with openvino_model.xml, or *.xml with its *.bin",
           .recognizes = is_openvino,
           .read = read_openvino,
           .storage_for = onnx_storage,
           .packed_types = ir_packed_types,
           .kept_bytes = kept_plane_bytes,
           .tokenizer_written = hf_tokenizer,
           .write = write_openvino},
    Format{.name = "tflite",
           .summary = "TFLite: graphs, of floats and of integers, are read",
           .file_pattern = "*.tflite",
           .recognizes = is_tflite,
           .read = read_tflite,
           .storage_for = nullptr,
           .packed_types = nullptr,
           .tokenizer_written = nullptr,
           .write = nullptr},
};

std::string names() {
  std::string list;
  for (const auto& format : kFormats) list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

/// Files that make a folder a model together.
struct FileTogether {
  std::string_view there, missing;
};
constexpr std::array kTogether = {
    FileTogether{"model.onnx", "genai_config.json"}, FileTogether{"genai_config.json", "model.onnx"},
    FileTogether{"openvino_model.bin", "openvino_model.xml"}, FileTogether{"model.safetensors", "config.json"}};

/// Why something is no model where one look tells; empty where it does not.
std::string plain_fault(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path place(path);
  if (std::filesystem::is_empty(place, ignored)) return "is empty, not a model";
  for (const auto& [there, missing] : kTogether) {
    if (std::filesystem::exists(place / there, ignored) && !std::filesystem::exists(place / missing, ignored)) {
      return fmt::format("has {} but no {}, so it is not a model that can be read", there, missing);
    }
  }
  return {};
}

}  // namespace

std::span<const Format> all_formats() { return kFormats; }

const Format& format_named(std::string_view name) {
  for (const auto& format : kFormats) {
    if (format.name == name) return format;
  }
  fail(ErrorCode::unsupported, "unknown format \"{}\"; known are {}", name, names());
}

const Format& format_of(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    fail(ErrorCode::not_found, "{}: no such file or folder", path);
  }
  for (const auto& format : kFormats) {
    if (format.recognizes(path)) return format;
  }
  if (const auto fault = plain_fault(path); !fault.empty()) fail(ErrorCode::unsupported, "{}: {}", path, fault);
  std::string readable;
  for (const auto& format : kFormats) {
    if (format.read) readable += fmt::format("\n  {:18} {}", format.name, format.file_pattern);
  }
  fail(ErrorCode::unsupported, "{}: not a model in a format that can be read:{}", path, readable);
}

model::Model read_model(const std::string& path, const ReadOptions& options) {
  auto model = format_of(path).read(path, options);
  if (options.tokenizer) check_conformance(model);
  return model;
}

}  // namespace adze::formats
