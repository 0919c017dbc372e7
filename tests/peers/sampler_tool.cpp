// What our samplers leave of given logits; llama_samplers.cpp says what goes in and comes out.
//   sampler_tool VOCABULARY.gguf CASES.txt LOGITS.f32 > LEFT.txt
//   sampler_tool time VOCABULARY.gguf CASES.txt LOGITS.f32    nanoseconds of processor time that each case takes
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "formats/gguf/read_gguf.h"
#include "runtime/sampler.h"
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/vocabulary_options.h"

namespace {

using namespace adze;
using namespace adze::runtime;

struct Case {
  SamplerOptions options;
  size_t size = 0;
  int rows = 1;
  std::vector<int32_t> history;
  std::vector<std::string> breakers;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

bool set_parameter(std::span<const SamplerParameter> parameters, const std::string& name, const std::string& value,
                   SamplerOptions& options) {
  const auto found = std::ranges::find(parameters, name, &SamplerParameter::name);
  if (found == parameters.end()) return false;
  found->set(options, std::atof(value.c_str()));
  return true;
}

void set_number(const std::string& name, const std::string& value, SamplerOptions& options) {
  if (set_parameter(shared_sampler_parameters(), name, value, options)) return;
  for (const SamplerKind* kind : all_samplers()) {
    if (set_parameter(kind->parameters, name, value, options)) return;
  }
  fail(ErrorCode::bad_input, "no parameter '{}'", name);
}

void set_word(const std::string& name, const std::string& value, Case& parsed) {
  if (name == "size") {
    parsed.size = static_cast<size_t>(std::atoll(value.c_str()));
  } else if (name == "rows") {
    parsed.rows = std::atoi(value.c_str());
  } else if (name == "samplers") {
    parsed.options.samplers = value;
  } else if (name == "history") {
    for (const auto& token : split(value, ',')) parsed.history.push_back(std::atoi(token.c_str()));
  } else if (name == "breaker") {
    parsed.breakers.push_back(value == "\\n" ? "\n" : value);
  } else if (name == "logit_bias") {
    for (const auto& part : split(value, ',')) {
      const auto bias = static_cast<float>(std::atof(part.c_str() + part.find(':') + 1));
      parsed.options.logit_biases.push_back({std::atoi(part.c_str()), bias});
    }
  } else {
    set_number(name, value, parsed.options);
  }
}

Case parse_case(const std::string& line, const text::Tokenizer& tokenizer) {
  Case parsed;
  for (const auto& word : split(line, ' ')) {
    const auto sign = word.find('=');
    set_word(word.substr(0, sign), word.substr(sign + 1), parsed);
  }
  if (!parsed.breakers.empty()) parsed.options.dry_breakers = dry_breakers_of(tokenizer, parsed.breakers);
  check(parsed.options);
  return parsed;
}

void print_left(Candidates& candidates) {
  const double best = candidates.best_logit();
  const double total = candidates.total_weight();
  for (const Candidate& candidate : candidates.list()) {
    if (std::isinf(candidate.logit)) continue;
    std::printf("%d:%.9g ", candidate.token, exact_exp(candidate.logit - best) / total);
  }
  std::printf("\n");
}

std::vector<float> read_row(std::ifstream& logits, size_t size) {
  std::vector<float> row(size);
  logits.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(size * sizeof(float)));
  return row;
}

void run_case(const Case& given, std::ifstream& logits) {
  const auto chain = sampler_chain(given.options);
  for (const int32_t token : given.history) {
    for (const auto& step : chain) step->accept(token);
  }
  Random random(1);
  for (int row = 0; row < given.rows; ++row) {
    Candidates candidates;
    candidates.assign(read_row(logits, given.size));
    for (const auto& step : chain) step->apply(candidates, random);
    print_left(candidates);
    const bool chooses = given.options.mirostat != 0 || given.options.samplers.find("adaptive") != std::string::npos;
    for (const auto& step : chain) {
      if (chooses) step->accept(candidates.chosen());
    }
  }
}

// The best of several rounds.
double nanoseconds_per_token(const Case& given, std::ifstream& logits) {
  constexpr int kRounds = 7;
  constexpr int kTokens = 40;
  const auto row = read_row(logits, given.size);
  double best = INFINITY;
  for (int round = 0; round < kRounds; ++round) {
    Sampler sampler(given.options);
    for (const int32_t token : given.history) sampler.accept(token);
    const std::clock_t begin = std::clock();
    for (int i = 0; i < kTokens; ++i) sampler.accept(sampler.sample(row));
    best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / kTokens * 1e9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool times = argc == 5 && std::string(argv[1]) == "time";
    if (argc != 4 && !times)
      fail(ErrorCode::bad_input, "usage: sampler_tool [time] VOCABULARY.gguf CASES.txt LOGITS.f32");
    argv += times;
    const text::Tokenizer tokenizer(formats::read_gguf(argv[1]).tokenizer);
    std::ifstream cases(argv[2]), logits(argv[3], std::ios::binary);
    for (std::string line; std::getline(cases, line);) {
      const Case given = parse_case(line, tokenizer);
      if (times) {
        std::printf("%.0f\n", nanoseconds_per_token(given, logits));
      } else {
        run_case(given, logits);
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sampler_tool: %s\n", error.what());
    return 1;
  }
  return 0;
}
