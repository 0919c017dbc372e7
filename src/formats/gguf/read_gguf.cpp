#include "formats/gguf/read_gguf.h"

#include <fmt/format.h>

#include <fstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/kernel_rows.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/remembered_storage.h"
#include "formats/gguf/split_files.h"
#include "formats/gguf/vocabulary_keys.h"

namespace adze::formats {
namespace {

std::vector<model::Tensor> tensors_of(const GgufHeader& header, const std::shared_ptr<const MappedFile>& file) {
  std::vector<model::Tensor> tensors;
  for (const auto& info : header.tensors) {
    tensors.push_back(model::mapped_tensor(info.name, info.shape, info.storage, file, info.offset));
  }
  return tensors;
}

void check_part(const GgufHeader& header, const SplitName& name, int part) {
  const auto path = name.path_of(part);
  const auto [number, count] = with_context(
      path, [&] { return std::pair{header.keys.find_int(kSplitNumber), header.keys.find_int(kSplitCount)}; });
  if (number == part - 1 && count == name.parts) return;
  if (name.parts == 1 && !count) return;  // not split, only called so
  fail(ErrorCode::bad_input, "{}: its keys say part {} of {}, its name says part {} of {}; was it renamed?", path,
       number.value_or(0) + 1, count.value_or(1), part, name.parts);
}

std::shared_ptr<const MappedFile> open_part(const SplitName& name, int part) {
  try {
    return MappedFile::open(name.path_of(part));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    fail(ErrorCode::not_found, "{}: part {} of {} of this model is missing", name.path_of(part), part, name.parts);
  }
}

std::optional<int64_t> tensor_count_of(const GgufHeader& header, const std::string& path) {
  return with_context(path, [&] { return header.keys.find_int(kSplitTensorCount); });
}

void check_tensor_count(const GgufHeader& first, const SplitName& name, const model::Model& model) {
  const auto path = name.path_of(1);
  const auto expected = tensor_count_of(first, path);
  if (!expected || *expected == static_cast<int64_t>(model.tensors.size())) return;
  fail(ErrorCode::bad_input,
       "{}: {} says {} tensors, the {} parts hold {}; is one of them from another model, or incomplete?", path,
       kSplitTensorCount, *expected, name.parts, model.tensors.size());
}

// Parts of one model say the same number of tensors, and no tensor twice.
void add_part(const GgufHeader& first, const GgufHeader& header, const std::shared_ptr<const MappedFile>& file,
              model::Model& model) {
  const auto expected = tensor_count_of(first, model.source);
  const auto said = tensor_count_of(header, file->path());
  if (expected != said) {
    fail(ErrorCode::bad_input, "{}: belongs to a model with {} tensors, part 1 to one with {}; do not mix models",
         file->path(), said.value_or(0), expected.value_or(0));
  }
  for (auto& tensor : tensors_of(header, file)) {
    if (const auto* other = model.tensors.find(tensor.name)) {
      fail(ErrorCode::bad_input, "{}: tensor '{}' is in another part too ({}); do not mix models or kinds of splitting",
           file->path(), tensor.name, other->source->where());
    }
    model.tensors.add(std::move(tensor));
  }
}

// The keys of part 1 describe the whole model; the other parts have nothing but split.* keys and tensors.
void read_parts(const SplitName& name, model::Model& model) {
  GgufHeader first;
  for (int part = 1; part <= name.parts; ++part) {
    const auto file = open_part(name, part);
    GgufHeader header = read_gguf_header(file->bytes(), file->path());
    check_part(header, name, part);
    add_part(part == 1 ? header : first, header, file, model);
    if (part == 1) first = std::move(header);
  }
  check_tensor_count(first, name, model);
  for (const char* key : {kSplitNumber, kSplitCount, kSplitTensorCount}) first.keys.erase(key);
  with_context(name.path_of(1), [&] { distribute_keys(std::move(first.keys), model); });
}

void read_single(const std::string& path, model::Model& model) {
  const auto file = MappedFile::open(path);
  GgufHeader header = read_gguf_header(file->bytes(), path);
  const auto parts = with_context(path, [&] { return header.keys.find_int(kSplitCount).value_or(1); });
  if (parts > 1) {
    fail(ErrorCode::bad_input, "{}: part of a model in {} files; name the files …-00001-of-{:05}.gguf and so on", path,
         parts, parts);
  }
  for (const char* key : {kSplitNumber, kSplitCount, kSplitTensorCount}) header.keys.erase(key);  // others' merging
  auto tensors = tensors_of(header, file);
  with_context(path, [&] { bind_kernel_rows(header.keys, tensors); });
  for (auto& tensor : tensors) model.tensors.add(std::move(tensor));
  with_context(path, [&] { distribute_keys(std::move(header.keys), model); });
}

// A tokenizer that cannot be run must not keep anybody from looking at the model or converting its tensors.
std::shared_ptr<const text::TokenizerSpec> usable_tokenizer(const text::GgufVocabulary& vocabulary) {
  try {
    return std::make_shared<const text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
    log_message(LogLevel::warning, fmt::format("the tokenizer cannot be used: {}", error.what()));
    return nullptr;
  }
}

void read_tokenizer(model::Model& model) {
  auto& keys = model.stored_tokenizer;
  auto vocabulary = with_context(model.source, [&] { return vocabulary_from_keys(keys, model.source); });
  if (vocabulary.model.empty() || vocabulary.model == "none" || vocabulary.model == "no_vocab") return;
  with_context(model.source, [&] { exchange_lists(keys, vocabulary); });
  model.tokenizer = usable_tokenizer(vocabulary);
  exchange_lists(keys, vocabulary);
}

}  // namespace

bool is_gguf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "GGUF";
}

model::Model read_gguf(const std::string& path, const ReadOptions& options) {
  model::Model model;
  model.source = path;
  model.format = "gguf";
  if (const auto split = parse_split_name(path)) {
    read_parts(*split, model);
  } else {
    read_single(path, model);
  }
  recall_storage(model);
  if (options.tokenizer) read_tokenizer(model);
  return model;
}

bool is_gguf_part(const std::string& path) { return parse_split_name(path).has_value(); }

std::vector<size_t> gguf_tensors_per_part(const std::string& path) {
  std::vector<size_t> counts;
  const auto split = parse_split_name(path);
  for (int part = 1; split && part <= split->parts; ++part) {
    const auto file = open_part(*split, part);
    counts.push_back(read_gguf_header(file->bytes(), file->path()).tensors.size());
  }
  return counts;
}

}  // namespace adze::formats
