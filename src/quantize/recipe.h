// A precision recipe: which tensor is stored how, as a small JSON file that can be saved, edited and replayed.
//
//   {
//     "adze_recipe": 1,
//     "note": "4.25 bits per weight, solved for wiki.txt",
//     "quantizer": "nearest",
//     "tensors": [
//       {"name": "blk.0.ffn_down.weight", "type": "q6_k"},
//       {"name": "*.attn_v.weight", "type": "q5_k"},
//       {"name": "*", "type": "q4_k"}
//     ]
//   }
//
// The first line whose name matches counts; '*' stands for any characters. Tensors that no line matches, and those that
// are never quantized (norms, biases), stay as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codecs/codec.h"
#include "quantize/mix.h"

namespace adze::quantize {

struct RecipeLine {
  std::string name;  // of tensors; '*' stands for any characters
  StorageType storage;
};

struct Recipe {
  std::string note;
  std::string quantizer = "nearest";
  std::vector<RecipeLine> lines;
};

/// Error(bad_input) naming source and line for what is no recipe, unknown types and types that cannot be written.
Recipe parse_recipe(std::string_view json, const std::string& source);
Recipe read_recipe(const std::string& path);
std::string to_json(const Recipe& recipe);

/// Whether `pattern` matches all of `name`.
bool matches(std::string_view pattern, std::string_view name);

/// One choice per tensor of the request, in its order. Error(bad_input) where a line matches no tensor, which is mostly
/// a misspelt name, or a row does not divide into the blocks of its type.
std::vector<TensorChoice> choose_tensor_types(const Recipe& recipe, const MixRequest& request);

/// One line per tensor that gets another type than it has.
Recipe recipe_of(const std::vector<TensorToStore>& tensors, const std::vector<StorageType>& types,
                 std::string_view quantizer, std::string note);

/// The same as options of llama-quantize, one a line: --tensor-type '^blk\.(0|1)\.ffn_down\.weight$=q6_k'. Lines for
/// layers whose tensors get the same type are merged into one.
std::vector<std::string> llama_cpp_options(const std::vector<TensorToStore>& tensors,
                                           const std::vector<StorageType>& types);

}  // namespace adze::quantize
