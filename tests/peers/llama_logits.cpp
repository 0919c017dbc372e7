// Raw logits of llama.cpp for a text, through its C API: what ours are compared with.
//   llama_logits MODEL.gguf TEXT.txt CONTEXT CHUNKS TOKENS.i32 LOGITS.f32
// Every chunk starts with an empty cache in f32; LOGITS gets one row per position. TOKENS gets the ids of the text;
// with TEXT "-" it is read instead. Built by llama_tools.py. A model without a tokenizer needs a seventh argument, its
// key for the size of its vocabulary and that size: "llama.vocab_size=64" ("-": it has one). An eighth is an adapter.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "llama_logits: %s\n", message.c_str());
  std::exit(1);
}

std::vector<llama_token> tokenize(const llama_vocab* vocab, const std::string& text) {
  std::vector<llama_token> tokens(text.size() + 16);
  const int count = llama_tokenize(vocab, text.data(), static_cast<int>(text.size()), tokens.data(),
                                   static_cast<int>(tokens.size()), true, false);
  if (count < 0) give_up("cannot tokenize");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

std::vector<llama_token> read_tokens(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<llama_token> tokens(bytes.size() / sizeof(llama_token));
  std::memcpy(tokens.data(), bytes.data(), tokens.size() * sizeof(llama_token));
  return tokens;
}

std::vector<llama_token> tokenize_file(const llama_vocab* vocab, const char* text_path, const char* tokens_path,
                                       size_t wanted) {
  std::ifstream text_file(text_path, std::ios::binary);
  auto tokens = tokenize(vocab, {std::istreambuf_iterator<char>(text_file), {}});
  if (tokens.size() < wanted) give_up("the text is too short");
  tokens.resize(wanted);
  std::ofstream(tokens_path, std::ios::binary)
      .write(reinterpret_cast<const char*>(tokens.data()), static_cast<std::streamsize>(tokens.size() * 4));
  return tokens;
}

llama_context* make_context(llama_model* model, int context) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(context);
  params.n_batch = static_cast<uint32_t>(context);
  params.n_ubatch = static_cast<uint32_t>(context);
  params.type_k = GGML_TYPE_F32;
  params.type_v = GGML_TYPE_F32;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.n_threads = 2;
  params.n_threads_batch = 2;
  return llama_init_from_model(model, params);
}

void run_chunk(llama_context* context, const llama_token* tokens, int count, int vocabulary, std::ofstream& out) {
  llama_memory_clear(llama_get_memory(context), true);
  llama_batch batch = llama_batch_init(count, 0, 1);
  batch.n_tokens = count;
  for (int i = 0; i < count; ++i) {
    batch.token[i] = tokens[i];
    batch.pos[i] = i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  if (llama_decode(context, batch) != 0) give_up("decode failed");
  for (int i = 0; i < count; ++i) {
    out.write(reinterpret_cast<const char*>(llama_get_logits_ith(context, i)),
              static_cast<std::streamsize>(sizeof(float)) * vocabulary);
  }
  llama_batch_free(batch);
}

llama_model_kv_override override_of(const char* key) {
  llama_model_kv_override entry{};
  std::snprintf(entry.key, sizeof entry.key, "%s", key);
  return entry;
}

// No vocabulary but its size, for "key=size".
std::vector<llama_model_kv_override> without_tokenizer(const std::string& setting) {
  auto tokenizer = override_of("tokenizer.ggml.model");
  tokenizer.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
  std::snprintf(tokenizer.val_str, sizeof tokenizer.val_str, "none");
  auto size = override_of(setting.substr(0, setting.find('=')).c_str());
  size.tag = LLAMA_KV_OVERRIDE_TYPE_INT;
  size.val_i64 = std::atoll(setting.c_str() + setting.find('=') + 1);
  return {tokenizer, size, llama_model_kv_override{}};
}

void apply_adapter(llama_model* model, llama_context* context, const char* path) {
  llama_adapter_lora* adapter = llama_adapter_lora_init(model, path);
  if (!adapter) give_up("cannot load the adapter");
  float scale = 1;
  if (llama_set_adapters_lora(context, &adapter, 1, &scale) != 0) give_up("cannot apply the adapter");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7 || argc > 9) give_up("usage: llama_logits MODEL.gguf TEXT.txt CONTEXT CHUNKS TOKENS.i32 LOGITS.f32");
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  const bool has_size = argc >= 8 && std::strcmp(argv[7], "-") != 0;
  const auto overrides = without_tokenizer(has_size ? argv[7] : "=");
  if (has_size) params.kv_overrides = overrides.data();
  llama_model* model = llama_model_load_from_file(argv[1], params);
  if (!model) give_up("cannot load the model");
  const llama_vocab* vocab = llama_model_get_vocab(model);
  const int context_tokens = std::atoi(argv[3]);
  const size_t wanted = static_cast<size_t>(context_tokens) * static_cast<size_t>(std::atoi(argv[4]));
  const bool has_tokens = std::strcmp(argv[2], "-") == 0;
  const auto tokens = has_tokens ? read_tokens(argv[5]) : tokenize_file(vocab, argv[2], argv[5], wanted);
  if (tokens.size() < wanted) give_up("too few tokens");
  std::ofstream out(argv[6], std::ios::binary);
  llama_context* context = make_context(model, context_tokens);
  if (argc == 9) apply_adapter(model, context, argv[8]);
  for (size_t begin = 0; begin < wanted; begin += static_cast<size_t>(context_tokens)) {
    run_chunk(context, tokens.data() + begin, context_tokens, llama_vocab_n_tokens(vocab), out);
  }
  llama_free(context);
  llama_model_free(model);
}
