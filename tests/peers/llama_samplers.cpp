// What llama.cpp's samplers leave of given logits, through its C API.
//   llama_samplers VOCABULARY.gguf CASES.txt LOGITS.f32 > LEFT.txt
// Each line of CASES is "size=N rows=R samplers=top_k;… top_k=40 … history=1,2 breaker=\n breaker=:"; its R rows of N
// logits follow those of the lines before. Of each row LEFT gets a line "token:probability …" of what is left in front
// of the last draw; then the token that was chosen, if a sampler of the case chooses, is accepted.
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Case {
  std::map<std::string, std::string> words;
  std::vector<std::string> breakers;

  double number(const char* name, double initial) const {
    const auto found = words.find(name);
    return found == words.end() ? initial : std::atof(found->second.c_str());
  }
  float real(const char* name, double initial) const { return static_cast<float>(number(name, initial)); }
  int whole(const char* name, int initial) const { return static_cast<int>(number(name, initial)); }
};

Case parse_case(const std::string& line) {
  Case parsed;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const auto sign = word.find('=');
    const std::string name = word.substr(0, sign), value = word.substr(sign + 1);
    if (name == "breaker") {
      parsed.breakers.push_back(value == "\\n" ? "\n" : value);
    } else {
      parsed.words[name] = value;
    }
  }
  return parsed;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

constexpr uint32_t kSeed = 1;

llama_sampler* make_dry(const Case& given, const llama_vocab* vocab) {
  std::vector<const char*> breakers;
  for (const auto& breaker : given.breakers) breakers.push_back(breaker.c_str());
  return llama_sampler_init_dry(vocab, given.real("dry_multiplier", 0), given.real("dry_base", 1.75),
                                given.whole("dry_allowed_length", 2), given.whole("dry_penalty_last_n", 64),
                                breakers.data(), breakers.size());
}

llama_sampler* make_sampler(const std::string& name, const Case& given, const llama_vocab* vocab) {
  const auto min_keep = static_cast<size_t>(given.number("min_keep", 0));
  if (name == "penalties") {
    return llama_sampler_init_penalties(given.whole("size", 0), given.whole("repeat_last_n", 64),
                                        given.real("repeat_penalty", 1), given.real("frequency_penalty", 0),
                                        given.real("presence_penalty", 0));
  }
  if (name == "dry") return make_dry(given, vocab);
  if (name == "top_n_sigma") return llama_sampler_init_top_n_sigma(given.real("top_n_sigma", -1));
  if (name == "top_k") return llama_sampler_init_top_k(given.whole("top_k", 40));
  if (name == "typ_p") return llama_sampler_init_typical(given.real("typical_p", 1), min_keep);
  if (name == "top_p") return llama_sampler_init_top_p(given.real("top_p", 0.95), min_keep);
  if (name == "min_p") return llama_sampler_init_min_p(given.real("min_p", 0.05), min_keep);
  if (name == "xtc") {
    return llama_sampler_init_xtc(given.real("xtc_probability", 0), given.real("xtc_threshold", 0.1), min_keep, kSeed);
  }
  if (name == "temperature") {
    return llama_sampler_init_temp_ext(given.real("temperature", 0.8), given.real("dynatemp_range", 0),
                                       given.real("dynatemp_exponent", 1));
  }
  if (name == "adaptive_p") {
    return llama_sampler_init_adaptive_p(given.real("adaptive_target", -1), given.real("adaptive_decay", 0.9), kSeed);
  }
  std::fprintf(stderr, "llama_samplers: no sampler %s\n", name.c_str());
  std::exit(1);
}

llama_sampler* make_bias(const Case& given) {
  std::vector<llama_logit_bias> biases;
  for (const auto& part : split(given.words.at("logit_bias"), ',')) {
    const auto sign = part.find(':');
    biases.push_back({std::atoi(part.c_str()), static_cast<float>(std::atof(part.c_str() + sign + 1))});
  }
  return llama_sampler_init_logit_bias(given.whole("size", 0), static_cast<int32_t>(biases.size()), biases.data());
}

llama_sampler* make_chain(const Case& given, const llama_vocab* vocab) {
  llama_sampler* chain = llama_sampler_chain_init(llama_sampler_chain_default_params());
  const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain, sampler); };
  const float tau = given.real("mirostat_tau", 5), eta = given.real("mirostat_eta", 0.1);
  if (given.words.count("logit_bias")) add(make_bias(given));
  if (given.whole("mirostat", 0) == 0) {
    for (const auto& name : split(given.words.at("samplers"), ';')) add(make_sampler(name, given, vocab));
    return chain;
  }
  constexpr int kTokens = 100;
  add(llama_sampler_init_temp(given.real("temperature", 0.8)));
  add(given.whole("mirostat", 0) == 1 ? llama_sampler_init_mirostat(given.whole("size", 0), kSeed, tau, eta, kTokens)
                                      : llama_sampler_init_mirostat_v2(kSeed, tau, eta));
  return chain;
}

void print_left(const llama_token_data_array& left) {
  float best = -INFINITY;
  for (size_t i = 0; i < left.size; ++i) best = std::max(best, left.data[i].logit);
  double total = 0;
  for (size_t i = 0; i < left.size; ++i) total += std::exp(static_cast<double>(left.data[i].logit) - best);
  for (size_t i = 0; i < left.size; ++i) {
    if (std::isinf(left.data[i].logit)) continue;
    const double weight = std::exp(static_cast<double>(left.data[i].logit) - best);
    std::printf("%d:%.9g ", left.data[i].id, weight / total);
  }
  std::printf("\n");
}

void run_case(const Case& given, const llama_vocab* vocab, std::ifstream& logits) {
  llama_sampler* chain = make_chain(given, vocab);
  const auto history = given.words.find("history");
  if (history != given.words.end()) {
    for (const auto& token : split(history->second, ',')) llama_sampler_accept(chain, std::atoi(token.c_str()));
  }
  const int size = given.whole("size", 0);
  std::vector<float> row(static_cast<size_t>(size));
  for (int i = given.whole("rows", 1); i > 0; --i) {
    logits.read(reinterpret_cast<char*>(row.data()), static_cast<std::streamsize>(row.size() * sizeof(float)));
    std::vector<llama_token_data> data;
    for (int token = 0; token < size; ++token) data.push_back({token, row[static_cast<size_t>(token)], 0});
    llama_token_data_array left{data.data(), data.size(), -1, false};
    llama_sampler_apply(chain, &left);
    print_left(left);
    if (left.selected >= 0) llama_sampler_accept(chain, left.data[left.selected].id);
  }
  llama_sampler_free(chain);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: llama_samplers VOCABULARY.gguf CASES.txt LOGITS.f32\n"), 2;
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  params.vocab_only = true;
  llama_model* model = llama_model_load_from_file(argv[1], params);
  if (!model) return std::fprintf(stderr, "llama_samplers: cannot load %s\n", argv[1]), 1;
  std::ifstream cases(argv[2]), logits(argv[3], std::ios::binary);
  for (std::string line; std::getline(cases, line);) run_case(parse_case(line), llama_model_get_vocab(model), logits);
  llama_model_free(model);
}
