// The table of endpoints.
#include "server/endpoint.h"

namespace adze::server {
namespace {

constexpr Endpoint kEndpoints[] = {
    {"GET", "/", Dialect::plain, Role::anyone, get_root,
     "the web page for browsers; says to others that the server runs"},
    {"GET", "/health", Dialect::plain, Role::anyone, get_health, "200 while the server runs"},
    {"GET", "/v1/health", Dialect::plain, Role::anyone, get_health, "the same"},
    {"GET", "/ready", Dialect::plain, Role::anyone, get_ready, "200 while requests are taken, 503 while draining"},
    {"GET", "/metrics", Dialect::plain, Role::user, get_metrics, "counts and times in Prometheus' text format"},
    {"GET", "/models/cards", Dialect::plain, Role::user, get_model_cards, "size and measured quality of each model"},
    {"POST", "/models/load", Dialect::plain, Role::operator_, post_load, "{\"model\"}: loads it"},
    {"POST", "/models/unload", Dialect::plain, Role::operator_, post_unload,
     "{\"model\"}: puts it away, unless it is in use"},
    {"POST", "/models/refresh", Dialect::plain, Role::operator_, post_refresh,
     "{\"model\"}: reads it again if its file has changed"},

    {"POST", "/v1/chat/completions", Dialect::openai, Role::user, post_openai_chat, "an answer to a conversation"},
    {"POST", "/chat/completions", Dialect::openai, Role::user, post_openai_chat, "the same"},
    {"POST", "/v1/completions", Dialect::openai, Role::user, post_openai_completion, "the continuation of a text"},
    {"POST", "/v1/responses", Dialect::openai, Role::user, post_openai_response, "an answer to items, kept for later"},
    {"GET", "/v1/responses/{model}", Dialect::openai, Role::user, get_openai_response, "one that was kept"},
    {"DELETE", "/v1/responses/{model}", Dialect::openai, Role::user, delete_openai_response, "forgets it"},
    {"POST", "/v1/embeddings", Dialect::openai, Role::user, post_openai_embeddings, "texts as vectors"},
    {"GET", "/v1/models", Dialect::openai, Role::user, get_openai_models, "the models"},
    {"GET", "/models", Dialect::openai, Role::user, get_openai_models, "the same"},
    {"GET", "/v1/models/{model}", Dialect::openai, Role::user, get_openai_model, "one of them"},

    {"POST", "/api/chat", Dialect::ollama, Role::user, post_ollama_chat, "an answer to a conversation"},
    {"POST", "/api/generate", Dialect::ollama, Role::user, post_ollama_generate, "an answer to a prompt"},
    {"POST", "/api/embed", Dialect::ollama, Role::user, post_ollama_embed, "texts as vectors"},
    {"POST", "/api/embeddings", Dialect::ollama, Role::user, post_ollama_embeddings, "one text as a vector"},
    {"GET", "/api/tags", Dialect::ollama, Role::user, get_ollama_tags, "the models"},
    {"GET", "/api/ps", Dialect::ollama, Role::user, get_ollama_ps, "those in memory"},
    {"POST", "/api/show", Dialect::ollama, Role::user, post_ollama_show, "what is known of a model"},
    {"POST", "/api/pull", Dialect::ollama, Role::operator_, post_ollama_pull,
     "fetches a model of the hub and serves it"},
    {"POST", "/api/copy", Dialect::ollama, Role::operator_, post_ollama_copy, "another name for a model"},
    {"DELETE", "/api/delete", Dialect::ollama, Role::operator_, delete_ollama_model, "serves a model no longer"},
    {"POST", "/api/create", Dialect::ollama, Role::operator_, post_ollama_create,
     "a model made from another one or from files"},
    {"HEAD", "/api/blobs/{model}", Dialect::ollama, Role::operator_, head_ollama_blob, "200 if the file is there"},
    {"POST", "/api/blobs/{model}", Dialect::ollama, Role::operator_, post_ollama_blob, "a file for /api/create"},
    {"POST", "/api/push", Dialect::ollama, Role::operator_, refuse_ollama_push, "status 400"},
    {"GET", "/api/version", Dialect::ollama, Role::anyone, get_ollama_version, "the version of the API"},

    {"POST", "/v1/messages", Dialect::anthropic, Role::user, post_anthropic_messages, "an answer to a conversation"},
    {"POST", "/v1/messages/count_tokens", Dialect::anthropic, Role::user, post_anthropic_count, "how long a prompt is"},

    {"GET", "/v2", Dialect::kserve, Role::anyone, get_kserve_server, "the server's name and extensions"},
    {"GET", "/v2/health/live", Dialect::kserve, Role::anyone, get_kserve_live, "200 while the server runs"},
    {"GET", "/v2/health/ready", Dialect::kserve, Role::anyone, get_kserve_ready, "200 while requests are taken"},
    {"POST", "/v2/models/{model}/versions/1/infer", Dialect::kserve, Role::user, post_kserve_infer,
     "tensors to tensors"},
    {"POST", "/v2/models/{model}/infer", Dialect::kserve, Role::user, post_kserve_infer, "the same"},
    {"GET", "/v2/models/{model}/versions/1/ready", Dialect::kserve, Role::user, get_kserve_model_ready,
     "200 if there is such a model"},
    {"GET", "/v2/models/{model}/ready", Dialect::kserve, Role::user, get_kserve_model_ready, "the same"},
    {"GET", "/v2/models/{model}/versions/1", Dialect::kserve, Role::user, get_kserve_model, "its inputs and outputs"},
    {"GET", "/v2/models/{model}", Dialect::kserve, Role::user, get_kserve_model, "the same"},

    {"POST", "/completion", Dialect::llama_server, Role::user, post_llama_completion, "the continuation of a text"},
    {"POST", "/completions", Dialect::llama_server, Role::user, post_llama_completion, "the same"},
    {"POST", "/infill", Dialect::llama_server, Role::user, post_llama_infill, "the text between two others"},
    {"POST", "/embedding", Dialect::llama_server, Role::user, post_llama_embedding,
     "texts as vectors, or rows of them"},
    {"POST", "/embeddings", Dialect::llama_server, Role::user, post_llama_embedding, "the same"},
    {"POST", "/tokenize", Dialect::llama_server, Role::user, post_tokenize, "text to tokens"},
    {"POST", "/detokenize", Dialect::llama_server, Role::user, post_detokenize, "tokens to text"},
    {"POST", "/apply-template", Dialect::llama_server, Role::user, post_apply_template,
     "a conversation as the prompt that it becomes"},
    {"POST", "/rerank", Dialect::llama_server, Role::user, post_rerank, "texts scored against a query"},
    {"POST", "/v1/rerank", Dialect::llama_server, Role::user, post_rerank, "the same"},
    {"POST", "/reranking", Dialect::llama_server, Role::user, post_rerank, "the same"},
    {"POST", "/v1/reranking", Dialect::llama_server, Role::user, post_rerank, "the same"},
    {"GET", "/lora-adapters", Dialect::llama_server, Role::user, get_lora_adapters,
     "adapters and their present scales"},
    {"POST", "/lora-adapters", Dialect::llama_server, Role::operator_, post_lora_adapters,
     "[{\"id\", \"scale\"}]: for requests that choose none"},
    {"GET", "/props", Dialect::llama_server, Role::user, get_props, "context, template and special tokens"},
    {"GET", "/slots", Dialect::llama_server, Role::user, get_slots, "how many requests are computed"},
};

}  // namespace

std::span<const Endpoint> all_endpoints() { return kEndpoints; }

}  // namespace adze::server
