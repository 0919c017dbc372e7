#include "text/samples/rendered_sample.h"

#include <chrono>

#include "base/error.h"
#include "text/chat_templates/chat_template.h"

namespace adze::text {
namespace {

constexpr std::chrono::sys_days kDay{std::chrono::year{2024} / 6 / 15};
// Far beyond what real templates need for a few short messages; a hostile one must not delay whoever opens a model.
constexpr uint64_t kMaxSteps = 100'000;
constexpr uint64_t kMaxBytes = uint64_t{16} << 20;

}  // namespace

std::string rendered_sample(const std::string& chat_template, const SampleConversation& conversation,
                            const Json& special_tokens) {
  try {
    ChatContextOptions options;
    options.add_generation_prompt = conversation.add_generation_prompt;
    options.tools = conversation.tools;
    options.special_tokens = special_tokens;
    const auto chat = ChatTemplate::parse(chat_template, "chat template");
    return chat.render(chat_context_from_json(conversation.messages, options),
                       {.max_steps = kMaxSteps, .max_bytes = kMaxBytes, .now = kDay});
  } catch (const Error&) {
    return "(refused)";
  }
}

}  // namespace adze::text
