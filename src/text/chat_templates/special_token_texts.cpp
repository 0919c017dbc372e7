#include "text/chat_templates/special_token_texts.h"

#include <utility>

namespace adze::text {

Json special_token_texts(const Tokenizer& tokenizer) {
  const auto& special = tokenizer.special();
  Json texts = Json::object();
  for (const auto& [name, id] : {std::pair{"bos_token", special.bos},
                                 {"eos_token", special.eos},
                                 {"unk_token", special.unk},
                                 {"pad_token", special.pad}}) {
    if (id != kNoToken) texts[name] = tokenizer.token_text(id);
  }
  return texts;
}

}  // namespace adze::text
