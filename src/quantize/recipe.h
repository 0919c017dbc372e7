// A precision recipe: which tensor is stored how, as a small JSON file that can be saved, edited and replayed.
//
//   {
//     "adze_recipe": 1,
//     "note": "4.25 bits per weight, solved for wiki.txt",
//     "quantizer": "nearest",
//     "transforms": [{"name": "rotate", "set": ["seed=7"]}],
//     "tensors": [
//       {"name": "blk.0.ffn_down.weight", "type": "q6_k"},
//       {"name": "*.attn_v.weight", "type": "q5_k"},
//       {"name": "*", "type": "q4_k"}
//     ]
//   }
//
// An empty "quantizer" is the usual one. "transforms" may be absent; they are applied before, in order. The first line
// whose name matches counts; '*' stands for any characters. Tensors that no line matches and those that are never
// quantized (norms, biases) stay, and so do those whose rows do not divide into the blocks of a line for all: "*".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "codecs/codec.h"
#include "quantize/mix.h"

namespace adze::quantize {

struct RecipeLine {
  std::string name;  // of tensors; '*' stands for any characters
  StorageType storage;
};

/// A transform of the model, by name, with the parameters that are not at their initial value: "seed=7".
struct RecipeTransform {
  std::string name;
  std::vector<std::string> settings = {};
};

struct Recipe {
  std::string note;
  std::string quantizer = "nearest";
  std::vector<RecipeLine> lines;
  std::vector<RecipeTransform> transforms = {};
};

/// Error(bad_input) naming source and line for what is no recipe, unknown types and types that cannot be written.
Recipe parse_recipe(std::string_view json, const std::string& source);
Recipe read_recipe(const std::string& path);
std::string to_json(const Recipe& recipe);

/// The list "transforms" of an object; empty where it has none. Error(bad_input) naming source and entry.
std::vector<RecipeTransform> parse_transforms(const Json& json, const std::string& source);

/// Whether `pattern` matches all of `name`.
bool matches(std::string_view pattern, std::string_view name);

/// One choice per tensor of the request, in its order. Error(bad_input) where a line matches no tensor, which is mostly
/// a misspelt name, or a row does not divide into the blocks of the type that was asked for or that a line other than
/// "*" has for it. What is asked for single tensors goes before the lines.
std::vector<TensorChoice> choose_tensor_types(const Recipe& recipe, const MixRequest& request,
                                              const TypeOverrides& overrides = {});

/// One line per tensor that gets another type than it has.
Recipe recipe_of(const std::vector<TensorToStore>& tensors, const std::vector<StorageType>& types,
                 std::string_view quantizer, std::string note);

/// The same as options of llama-quantize, one a line: --tensor-type '^blk\.(0|1)\.ffn_down\.weight$=q6_k'. Lines for
/// layers whose tensors get the same type are merged into one.
std::vector<std::string> llama_cpp_options(const std::vector<TensorToStore>& tensors,
                                           const std::vector<StorageType>& types);

}  // namespace adze::quantize
