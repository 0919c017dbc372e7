// Texts on their way through layers of OpenVINO's IR.
//
// There strings are decomposed: i32 [n] where each begins, i32 [n] where each ends, u8 with the bytes of all. The
// pieces that the texts of a batch are cut into are such strings, with i32 [batch] that say which are whose, and
// boolean [n]: is it an added token, which later steps leave alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/openvino_ir/ir_builder.h"

namespace adze::formats {

/// The version of ops that openvino-tokenizers adds.
inline constexpr std::string_view kExtension = "extension";

/// In front of what added tokens, and words that are to stay whole, are known by: no text has it.
inline constexpr std::string_view kWholeMark = "\xF4\x8F\xBF\xBF";  // U+10FFFF
/// In the place of characters that no token spells.
inline constexpr std::string_view kUnknownMark = "\xF4\x8F\xBF\xBE";  // U+10FFFE
/// What a vocabulary has where there is nothing to be found: no UTF-8.
inline constexpr std::string_view kNoText = "\xFF\xFF";

// Constants.
IrValue byte_constant(IrBuilder& out, const std::string& name, std::string_view bytes);
IrValue int_constant(IrBuilder& out, const std::string& name, const std::vector<int32_t>& values);
IrValue int_scalar(IrBuilder& out, int32_t value);
/// Strings, decomposed. Error(unsupported) for more than 2 GiB of them.
IrBuilder::Inputs string_constants(IrBuilder& out, const std::string& name, std::span<const std::string> texts);

/// The numbers of each text of a batch: i32 [batch] where they begin and end, and i32 with all.
struct RaggedIds {
  IrValue begins, ends, ids;
  IrBuilder::Inputs inputs() const { return {begins, ends, ids}; }
};

class TextLayers {
 public:
  /// `texts`: string [batch].
  TextLayers(IrBuilder& out, IrValue texts);

  IrBuilder& out() { return out_; }

  /// What matches becomes added tokens; whatever was one before is a piece like others.
  void cut_added_tokens(const std::string& pattern);
  /// Cuts pieces at matches. `keeps`: which parts stay.
  enum class Keeps { all, matches, rest };
  void split(const std::string& pattern, Keeps keeps);
  /// `content` takes matches' place; "$0" in it is the match. Before the first cut, in whole texts.
  enum class In { texts, added_tokens };
  void replace(const std::string& pattern, const std::string& content, In in = In::texts);
  /// Each byte becomes the character that GPT-2 gave it.
  void spell_bytes();
  /// SentencePiece's normalization by a map of its own kind, or by one that the layer has by name.
  void map_characters(const std::string& map);
  void normalize(const std::string& form);

  /// What a layer of this type makes of the pieces with the inputs behind them.
  RaggedIds tokenize(std::string_view layer_type, const IrBuilder::Inputs& inputs, IrBuilder::Attributes attributes);

 private:
  IrBuilder::Inputs pieces() const;
  std::string new_name(std::string_view what);
  void take(const std::vector<IrValue>& strings);
  void put_normalization(IrBuilder::Inputs inputs, IrBuilder::Attributes attributes);
  void make_rows();
  IrValue put_not_added();

  IrBuilder& out_;
  IrBuilder::Inputs strings_;  // begins, ends, bytes
  IrBuilder::Inputs rows_;     // begins, ends; empty before the first cut
  IrBuilder::Inputs added_;    // which pieces are added tokens; empty likewise
  int constants_ = 0;
};

}  // namespace adze::formats
