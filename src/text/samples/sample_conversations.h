// Conversations that tell chat templates apart.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace adze::text {

struct SampleConversation {
  std::string name;  // "with a system message"
  Json messages;
  Json tools = nullptr;
  bool add_generation_prompt = true;
};

std::vector<SampleConversation> sample_conversations();

}  // namespace adze::text
