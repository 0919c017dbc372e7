// lint: foreign names: OpenVINO Tokenizers
#include "formats/openvino_tokenizer/text_layers.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace adze::formats {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

IrBuilder::Inputs joined(IrBuilder::Inputs first, const IrBuilder::Inputs& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

IrValue byte_constant(IrBuilder& out, const std::string& name, std::string_view bytes) {
  return out.packed(name, "u8", {static_cast<int64_t>(bytes.size())}, bytes_of(bytes));
}

IrValue int_constant(IrBuilder& out, const std::string& name, const std::vector<int32_t>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return out.packed(name, "i32", {static_cast<int64_t>(values.size())}, {bytes.begin(), bytes.end()});
}

IrValue int_scalar(IrBuilder& out, int32_t value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return out.packed(fmt::format("i32 {}", value), "i32", {}, {bytes.begin(), bytes.end()});
}

IrBuilder::Inputs string_constants(IrBuilder& out, const std::string& name, std::span<const std::string> texts) {
  std::vector<int32_t> begins, ends;
  std::string bytes;
  for (const std::string& text : texts) {
    if (text.size() > std::numeric_limits<int32_t>::max() - bytes.size()) {
      fail(ErrorCode::unsupported, "{} are more than 2 GiB of text", name);
    }
    begins.push_back(static_cast<int32_t>(bytes.size()));
    bytes += text;
    ends.push_back(static_cast<int32_t>(bytes.size()));
  }
  return {int_constant(out, name + "/begins", begins), int_constant(out, name + "/ends", ends),
          byte_constant(out, name + "/bytes", bytes)};
}

TextLayers::TextLayers(IrBuilder& out, IrValue texts) : out_(out) {
  strings_ = out_.add_several("StringTensorUnpack", "opset15", {texts}, {}, {"i32", "i32", "u8"});
}

std::string TextLayers::new_name(std::string_view what) { return fmt::format("{}_{}", what, ++constants_); }

IrBuilder::Inputs TextLayers::pieces() const { return joined(rows_, joined(strings_, added_)); }

// Every text one piece.
void TextLayers::make_rows() {
  const IrValue shape = out_.add("ShapeOf", "opset3", {strings_.front()}, {{"output_type", "i64"}}, "i64");
  const IrValue batch =
      out_.add("Gather", "opset8", {shape, out_.whole(0), out_.whole(0)}, {{"batch_dims", "0"}}, "i64");
  const IrValue end = out_.add("Add", "opset1", {batch, out_.whole(1)}, {{"auto_broadcast", "numpy"}}, "i64");
  for (const auto& [from, to] : {std::pair(out_.whole(0), batch), std::pair(out_.whole(1), end)}) {
    rows_.push_back(out_.add("Range", "opset4", {from, to, out_.whole(1)}, {{"output_type", "i32"}}, "i32"));
  }
}

void TextLayers::take(const std::vector<IrValue>& made) {
  rows_ = {made[0], made[1]};
  strings_ = {made[2], made[3], made[4]};
  added_ = {made[5]};
}

void TextLayers::cut_added_tokens(const std::string& pattern) {
  if (rows_.empty()) make_rows();
  take(out_.add_several("SpecialTokensSplit", kExtension,
                        joined(joined(rows_, strings_), {byte_constant(out_, new_name("added_tokens"), pattern)}), {},
                        {"i32", "i32", "i32", "i32", "u8", "boolean"}));
}

void TextLayers::split(const std::string& pattern, Keeps keeps) {
  take(out_.add_several("RegexSplit", kExtension, joined(pieces(), {byte_constant(out_, new_name("pattern"), pattern)}),
                        {{"behaviour", keeps == Keeps::all ? "isolate" : "remove"},
                         {"invert", keeps == Keeps::matches ? "true" : "false"},
                         {"max_splits", "-1"}},
                        {"i32", "i32", "i32", "i32", "u8", "boolean"}));
}

// The plug-in for CPUs has no LogicalNot of booleans.
IrValue TextLayers::put_not_added() {
  const IrValue number = out_.add("Convert", "opset1", added_, {{"destination_type", "i32"}}, "i32");
  return out_.add("Equal", "opset1", {number, int_scalar(out_, 0)}, {{"auto_broadcast", "numpy"}}, "boolean");
}

void TextLayers::replace(const std::string& pattern, const std::string& content, In in) {
  IrBuilder::Inputs skipped = added_;
  if (in == In::added_tokens) skipped = {put_not_added()};
  std::vector<IrType> types = {"i32", "i32", "u8"};
  if (!skipped.empty()) types.push_back("boolean");
  const auto made = out_.add_several(
      "RegexNormalization", kExtension,
      joined(joined(strings_, skipped),
             {byte_constant(out_, new_name("pattern"), pattern), byte_constant(out_, new_name("content"), content)}),
      {{"global_replace", "true"}}, types);
  strings_ = {made[0], made[1], made[2]};
}

void TextLayers::spell_bytes() {
  take(out_.add_several("BytesToChars", kExtension, pieces(), {}, {"i32", "i32", "i32", "i32", "u8", "boolean"}));
}

void TextLayers::put_normalization(IrBuilder::Inputs inputs, IrBuilder::Attributes attributes) {
  for (const char* off : {"add_dummy_prefix", "remove_extra_whitespaces", "escape_whitespaces", "case_fold", "nmt"}) {
    attributes.emplace_back(off, "false");
  }
  const auto made = out_.add_several("CharsMapNormalization", kExtension, std::move(inputs), std::move(attributes),
                                     {"i32", "i32", "u8", "boolean"});
  strings_ = {made[0], made[1], made[2]};
}

void TextLayers::map_characters(const std::string& map) {
  put_normalization(joined(joined(strings_, added_), {byte_constant(out_, new_name("characters"), map)}),
                    {{"normalization_form", ""}});
}

void TextLayers::normalize(const std::string& form) {
  put_normalization(joined(strings_, added_), {{"normalization_form", form}});
}

RaggedIds TextLayers::tokenize(std::string_view layer_type, const IrBuilder::Inputs& inputs,
                               IrBuilder::Attributes attributes) {
  const auto made = out_.add_several(layer_type, kExtension, joined(joined(rows_, strings_), inputs),
                                     std::move(attributes), {"i32", "i32", "i32"});
  return {made[0], made[1], made[2]};
}

}  // namespace adze::formats
