// What a chat template makes of a sample conversation.
#pragma once

#include <string>

#include "base/json.h"
#include "text/samples/sample_conversations.h"

namespace adze::text {

/// On a fixed day, for templates that ask for it. "(refused)" where the template refuses the conversation, or cannot be
/// rendered: it does so with a message of its own, and that it refuses is what counts.
std::string rendered_sample(const std::string& chat_template, const SampleConversation& conversation,
                            const Json& special_tokens);

}  // namespace adze::text
