// What llama-server's endpoints that continue a text have in common. // lint: foreign names: llama-server
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "server/chat_request.h"
#include "server/endpoint.h"
#include "server/request_fields.h"
#include "server/served_model.h"

namespace adze::server {

/// All but the prompt. Throws RequestError.
ChatRequest read_llama_generation(const Fields& fields);

/// `own` and those of read_llama_generation().
std::vector<RequestField> llama_completion_fields(std::span<const RequestField> own);

/// Of one prompt, whole or as a stream.
void answer_llama_completion(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model,
                             const ChatRequest& request, bool returns_tokens);

}  // namespace adze::server
