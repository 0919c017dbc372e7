// lint: foreign names: OpenVINO Tokenizers
#include "formats/openvino_tokenizer/write_tokenizer_ir.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/json.h"
#include "formats/openvino_tokenizer/text_layers.h"
#include "formats/openvino_tokenizer/text_steps.h"
#include "formats/openvino_tokenizer/token_patterns.h"

namespace adze::formats {
namespace {

using text::kNoToken;

// The release whose layers these are; programs look whether there is one.
constexpr const char* kLayersVersion = "2026.4.1.0";
// Larger ones overflow in the programs that add to it.
constexpr int64_t kMostTokens = std::numeric_limits<int32_t>::max() - 64;

// ---- around the ids of a text

// Behind what is cut to `most` ids where the variable says so, as programs ask for it.
RaggedIds put_truncation(IrBuilder& out, const RaggedIds& ids, int64_t most) {
  const std::string variable = "truncation";
  const IrValue off = out.small_number("boolean", 0);
  const IrValue cuts =
      out.add("ReadValue", "opset6", {off},
              {{"variable_id", variable}, {"variable_type", "boolean"}, {"variable_shape", ""}}, "boolean");
  out.assign(variable, cuts, "boolean");
  const IrValue length =
      out.add("Select", "opset1",
              {cuts, int_scalar(out, static_cast<int32_t>(most)), int_scalar(out, static_cast<int32_t>(kMostTokens))},
              {{"auto_broadcast", "numpy"}}, "i32");
  auto inputs = ids.inputs();
  inputs.insert(inputs.end(), {length, byte_constant(out, "truncation/side", "right"),
                               byte_constant(out, "truncation/mode", "longest_first")});
  const auto made = out.add_several("Truncate", kExtension, inputs, {{"m_num_inputs", "1"}}, {"i32", "i32", "i32"});
  return {made[0], made[1], made[2]};
}

// One segment for each id around the text, as programs look for them.
RaggedIds put_around(IrBuilder& out, const RaggedIds& ids, const text::TokenizerSpec& spec) {
  IrBuilder::Inputs inputs;
  std::vector<int32_t> types;
  const auto put_token = [&](int32_t id) {
    const auto one = int_constant(out, fmt::format("around {}", id), {id});
    inputs.insert(inputs.end(), {int_scalar(out, 0), int_scalar(out, 1), one});
    types.push_back(0);
  };
  for (const int32_t id : spec.prefix_ids) put_token(id);
  for (const IrValue part : ids.inputs()) inputs.push_back(part);
  types.push_back(0);
  for (const int32_t id : spec.suffix_ids) put_token(id);
  inputs.push_back(int_constant(out, "around/types", types));
  const auto made =
      out.add_several("CombineSegments", kExtension, inputs, {}, {"i32", "i32", "i32", "i32", "i32", "i32"});
  return {made[0], made[1], made[2]};
}

int32_t padding_token(const text::TokenizerSpec& spec) {
  for (const int32_t id : {spec.special.pad, spec.special.eos}) {
    if (id != kNoToken) return id;
  }
  return 0;
}

// Shorter texts are filled up in front, so that what is generated follows them.
void put_dense(IrBuilder& out, const RaggedIds& ids, int32_t padding) {
  const IrValue lengths = out.add("Subtract", "opset1", {ids.ends, ids.begins}, {{"auto_broadcast", "numpy"}}, "i32");
  const IrValue longest =
      out.add("ReduceMax", "opset1", {lengths, int_scalar(out, 0)}, {{"keep_dims", "false"}}, "i32");
  auto inputs = ids.inputs();
  inputs.insert(inputs.end(), {longest, int_scalar(out, padding)});
  const auto made = out.add_several("RaggedToDense", kExtension, inputs,
                                    {{"pad_right", "false"}, {"m_pad_max_length", "false"}}, {"i32", "boolean"});
  const auto as_i64 = [&](IrValue x) {
    return out.add("Convert", "opset1", {x}, {{"destination_type", "i64"}}, "i64");
  };
  out.result(as_i64(made[0]), "input_ids");
  out.result(as_i64(made[1]), "attention_mask");
}

// ---- what programs want to know

// Ids of special tokens, and -1 and -2 for the texts.
std::string around_texts(const text::TokenizerSpec& spec) {
  const auto joined = [](std::initializer_list<std::vector<int32_t>> parts) {
    std::vector<int32_t> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  const auto single = joined({spec.prefix_ids, {-1}, spec.suffix_ids});
  const auto pair = joined({spec.prefix_ids, {-1}, spec.between_ids, {-2}, spec.suffix_ids});
  std::vector<int32_t> types(pair.size(), spec.second_type);
  std::fill_n(types.begin(), spec.prefix_ids.size() + 1 + spec.between_ids.size(), 0);
  Json told;
  told["single"] = {{"ids", single}, {"type_ids", std::vector<int32_t>(single.size(), 0)}};
  told["pair"] = {{"ids", pair}, {"type_ids", types}};
  return told.dump();
}

void tell(IrBuilder& out, const text::TokenizerSpec& spec, const TokenizerFacts& facts) {
  const auto tell_id = [&](const char* name, int32_t id) {
    if (id != kNoToken) out.tell(name, std::to_string(id));
  };
  tell_id("bos_token_id", spec.special.bos);
  tell_id("eos_token_id", spec.special.eos);
  tell_id("pad_token_id", padding_token(spec));
  if (!facts.chat_template.empty()) out.tell("chat_template", facts.chat_template);
  out.tell("openvino_tokenizers_version", kLayersVersion);
  out.tell("processed_post_processor_template", around_texts(spec));
}

// ---- the two graphs

IrBuilder tokenizer_graph(const text::TokenizerSpec& spec, const TokenizerFacts& facts) {
  IrBuilder out;
  TextLayers texts(out, out.parameter("string_input", "?", "string"));
  const RaggedIds words = put_tokenizer_steps(texts, spec);
  const auto around = static_cast<int64_t>(spec.prefix_ids.size() + spec.suffix_ids.size());
  const int64_t most = std::clamp<int64_t>(facts.context_length - around, 1, kMostTokens);
  put_dense(out, put_around(out, put_truncation(out, words, most), spec), padding_token(spec));
  tell(out, spec, facts);
  return out;
}

// What is dropped at the start of a whole text; empty: nothing. Decoders that treat the first token otherwise leave out
// the space in front of it.
std::string dropped_start(const text::TokenizerSpec& spec) {
  using Kind = text::DecoderStep::Kind;
  std::string pattern;
  for (const auto& step : spec.decoder) {
    if (step.kind == Kind::strip_start && !step.pattern.empty() && step.count > 0) {
      pattern = fmt::format("\\A(?:{}){{1,{}}}", literal_pattern(step.pattern), step.count);
    }
    if (step.kind == Kind::metaspace || step.kind == Kind::wordpiece) pattern = "\\A ";
  }
  return pattern;
}

IrBuilder::Inputs put_token_texts(IrBuilder& out, IrValue ids, const text::Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  std::vector<int32_t> control;
  for (int32_t id = 0; static_cast<size_t>(id) < tokenizer.vocabulary_size(); ++id) {
    texts.push_back(tokenizer.token_bytes(id));
    if (tokenizer.is_control(id)) control.push_back(id);
  }
  if (control.empty()) control.push_back(kNoToken);
  IrBuilder::Inputs inputs = {out.add("Convert", "opset1", {ids}, {{"destination_type", "i32"}}, "i32")};
  for (const IrValue part : string_constants(out, "tokens", texts)) inputs.push_back(part);
  inputs.push_back(int_constant(out, "skipped", control));
  return out.add_several("VocabDecoder", kExtension, inputs, {}, {"i32", "i32", "i32", "i32", "u8"});
}

IrBuilder detokenizer_graph(const text::Tokenizer& tokenizer, const TokenizerFacts& facts) {
  IrBuilder out;
  const auto pieces = put_token_texts(out, out.parameter("ids", "?,?", "i64"), tokenizer);
  const auto ends =
      out.add_several("FuzeRagged", kExtension, {pieces[0], pieces[1], pieces[2], pieces[3]}, {}, {"i32", "i32"});
  IrBuilder::Inputs strings = {ends[0], ends[1], pieces[4]};
  const std::vector<IrType> types = {"i32", "i32", "u8"};
  if (const std::string dropped = dropped_start(tokenizer.spec()); !dropped.empty()) {
    strings.insert(strings.end(), {byte_constant(out, "dropped", dropped), byte_constant(out, "dropped/content", "")});
    strings = out.add_several("RegexNormalization", kExtension, strings, {{"global_replace", "false"}}, types);
  }
  strings = out.add_several("UTF8Validate", kExtension, strings, {{"replace_mode", "true"}}, types);
  out.result(out.add("StringTensorPack", "opset15", strings, {}, "string"), "string_output");
  tell(out, tokenizer.spec(), facts);
  return out;
}

}  // namespace

TokenizerGraphs tokenizer_graphs(const text::Tokenizer& tokenizer, const TokenizerFacts& facts) {
  return {tokenizer_graph(tokenizer.spec(), facts), detokenizer_graph(tokenizer, facts)};
}

void write_tokenizer_ir(std::shared_ptr<const text::TokenizerSpec> spec, const TokenizerFacts& facts,
                        const OutputFolder& folder, const WriteOptions& options) {
  TokenizerGraphs graphs = tokenizer_graphs(text::Tokenizer(std::move(spec)), facts);
  const auto write = [&](IrBuilder& graph, const std::string& name) {
    const std::string file = "openvino_" + name;
    graph.write(name, folder.path_of(file + ".xml"), folder.path_of(file + ".bin"), options);
  };
  write(graphs.tokenizer, "tokenizer");
  write(graphs.detokenizer, "detokenizer");
}

}  // namespace adze::formats
