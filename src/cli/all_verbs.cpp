// The table of verbs. To add one: write verb_<name>.cpp, declare it in verb.h and add it here, in its group.
#include <array>

#include "cli/verb.h"

namespace adze::cli {
namespace {

constexpr std::array kVerbs{
    &pull_verb,       &plan_verb,      &inspect_verb,         &explain_verb,       &tokenize_verb,                 //
    &convert_verb,    &calibrate_verb, &quantize_verb,        &optimize_verb,      &pass_verb,     &prepare_verb,  //
    &make_model_verb,                                                                                              //
    &split_verb,      &merge_verb,     &convert_adapter_verb, &merge_adapter_verb,                                 //
    &run_verb,        &chat_verb,      &embed_verb,           &serve_verb,                                         //
    &eval_verb,       &bench_verb,     &compare_verb,         &assert_verb,        &verify_verb,   &diff_verb,     //
    &list_verb,       &doctor_verb,
};

}  // namespace

std::span<const Verb* const> all_verbs() { return kVerbs; }

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : kVerbs) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

}  // namespace adze::cli
