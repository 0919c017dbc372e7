#include "text/samples/sample_texts.h"

namespace adze::text {
namespace {

constexpr std::string_view kTexts[] = {
    "",
    " ",
    "  two spaces before, three behind   ",
    "tabs\tand\t\tmore tabs",
    "line\nbreaks\n\nand\r\nothers\r",
    "\n\n\n   \n\t\n",
    "Hello, world!",
    "hello HELLO Hello hELLO",
    "It's what they'd said: we'll, you're, I'm, she's — DON'T.",
    "3.14159 1,000,000 12345678901234567890 0x7F 1e-5 ½ ² ٣ 五",
    "1 12 123 1234 12345 123456",
    "e-mail: a.b+c@example.org, https://example.org/path?query=1&x=%20#part",
    "for (int i = 0; i < n; ++i) { sum += values[i] * 2; }  // done",
    "def f(x):\n    if x:\n        return {\"a\": [1, 2]}\n",
    "SELECT * FROM t WHERE a <> 'b' AND c >= 10;",
    "<html><body class=\"x\">&amp;</body></html>",
    "snake_case camelCase PascalCase kebab-case SCREAMING_CASE",
    "!!! ??? ... --- ___ *** ((( ))) [[ ]] {{ }} <<< >>> ~~~ ``` ||| \\\\",
    "naïve café résumé Zürich straße Ångström Łódź",
    "e\u0301 a\u0308 n\u0303: marks that combine",
    "\ufb01 \ufb02 \u2460 \u33a1 \uff21\uff22\uff23: compatibility forms",
    "İstanbul ısı STRASSE ΣΊΣΥΦΟΣ: letter case",
    "Привет, как дела? Съешь ещё этих мягких булок.",
    "Γειά σου Κόσμε, τι κάνεις;",
    "שלום עולם, מה שלומך?",
    "مرحبا بالعالم، كيف حالك؟",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "வணக்கம் உலகம்",
    "สวัสดีชาวโลก วันนี้อากาศดี",
    "Xin chào thế giới, hôm nay trời đẹp.",
    "你好，世界！今天天气很好。",
    "こんにちは世界。カタカナとひらがな。",
    "안녕하세요 세계, 오늘 날씨가 좋네요.",
    "mixed 中文 and English和日本語 text",
    "😀 👍🏽 👨‍👩‍👧‍👦 🇨🇭 ❤️ ☃",
    "\u200b\u200d\u00a0\u3000\ufeff: spaces that are not seen",
    "\u2581lower block\u2581 and \u0120 and \u010a",
    "∀x ∈ ℝ: ⌈x⌉ = −⌊−x⌋, ∑ αᵢ ≤ √2 · π",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "<s> </s> <unk> <pad> [CLS] [SEP] <|endoftext|> <|im_start|>user <0x0A>",
};

}  // namespace

std::span<const std::string_view> sample_texts() { return kTexts; }

}  // namespace adze::text
