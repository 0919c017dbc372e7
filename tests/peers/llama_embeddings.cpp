// Embeddings or scores of llama.cpp for texts as tokens, through its C API: what ours are compared with.
//   llama_embeddings MODEL.gguf TEXTS POOLING TOKENS.i32 ROWS.f32
// TEXTS has one text for each line; POOLING is a number of llama.cpp's, or -1 for the model's own. TOKENS gets the
// number of tokens of each text and then its ids; ROWS one row for each text (for POOLING 0 one for each token). Built
// by llama_tools.py.
#include <llama.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

constexpr int kMostTokens = 512;

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "llama_embeddings: %s\n", message.c_str());
  std::exit(1);
}

std::vector<llama_token> tokenize(const llama_vocab* vocab, const std::string& text) {
  std::vector<llama_token> tokens(text.size() + 16);
  const int count = llama_tokenize(vocab, text.data(), static_cast<int>(text.size()), tokens.data(),
                                   static_cast<int>(tokens.size()), true, true);
  if (count < 0 || count > kMostTokens) give_up("cannot tokenize, or too long");
  tokens.resize(static_cast<size_t>(count));
  return tokens;
}

llama_context* make_context(llama_model* model, int pooling) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = kMostTokens;
  params.n_batch = kMostTokens;
  params.n_ubatch = kMostTokens;
  params.embeddings = true;
  params.pooling_type = static_cast<enum llama_pooling_type>(pooling);
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.n_threads = 2;
  params.n_threads_batch = 2;
  return llama_init_from_model(model, params);
}

void run(llama_context* context, const std::vector<llama_token>& tokens) {
  llama_batch batch = llama_batch_init(static_cast<int>(tokens.size()), 0, 1);
  batch.n_tokens = static_cast<int>(tokens.size());
  for (int i = 0; i < batch.n_tokens; ++i) {
    batch.token[i] = tokens[static_cast<size_t>(i)];
    batch.pos[i] = i;
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  if (llama_encode(context, batch) != 0) give_up("encode failed");
  llama_batch_free(batch);
}

template <typename Number>
void write(std::ofstream& out, const Number* numbers, size_t count) {
  out.write(reinterpret_cast<const char*>(numbers), static_cast<std::streamsize>(count * sizeof(Number)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) give_up("usage: llama_embeddings MODEL.gguf TEXTS POOLING TOKENS.i32 ROWS.f32");
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  llama_model* model = llama_model_load_from_file(argv[1], llama_model_default_params());
  if (!model) give_up("cannot load the model");
  llama_context* context = make_context(model, std::atoi(argv[3]));
  const auto pooling = llama_pooling_type(context);
  const bool ranks = pooling == LLAMA_POOLING_TYPE_RANK;
  const auto width =
      static_cast<size_t>(ranks ? static_cast<int>(llama_model_n_cls_out(model)) : llama_model_n_embd(model));
  std::ifstream texts(argv[2], std::ios::binary);
  std::ofstream ids(argv[4], std::ios::binary), rows(argv[5], std::ios::binary);
  for (std::string line; std::getline(texts, line);) {
    const auto tokens = tokenize(llama_model_get_vocab(model), line);
    const auto count = static_cast<int32_t>(tokens.size());
    write(ids, &count, 1);
    write(ids, tokens.data(), tokens.size());
    run(context, tokens);
    const bool pooled = pooling != LLAMA_POOLING_TYPE_NONE;
    for (int row = 0; row < (pooled ? 1 : count); ++row) {
      const float* numbers = pooled ? llama_get_embeddings_seq(context, 0) : llama_get_embeddings_ith(context, row);
      if (!numbers) give_up("no embeddings");
      write(rows, numbers, width);
    }
  }
  llama_free(context);
  llama_model_free(model);
}
