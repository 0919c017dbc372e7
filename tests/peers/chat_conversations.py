"""Canned conversations for comparing chat template engines, as (name, context) pairs."""

import itertools

WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city <now> & \"later\"",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "City, such as Zürich"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
                "days": {"type": ["integer", "null"], "minimum": 1, "maximum": 7},
                "places": {"type": "array", "items": {"type": "object", "properties": {"lat": {"type": "number"}}}},
            },
            "required": ["city"],
        },
        "return": {"type": "object", "properties": {"temp": {"type": "number"}}},
    },
}
CLOCK_TOOL = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "The time.",
        "parameters": {"type": "object", "properties": {}, "required": []},
    },
}

USER = {"role": "user", "content": "What is 1 + 1?"}
ASSISTANT = {"role": "assistant", "content": "It is 2."}
SYSTEM = {"role": "system", "content": "You are terse.\n"}
UNICODE = {"role": "user", "content": "Grüße, 你好, \U0001f680 \"quotes\" 'single' <b>&amp;\\n {{ x }} {% y %}\n\n  indented \t"}


def tool_call(arguments, call_id="call_12345"):
    return {"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": arguments}}


def message_lists():
    arguments = {"city": "Zürich", "days": 3, "exact": True, "nothing": None, "ratio": 0.5, "list": [1, "a"]}
    call_turn = {"role": "assistant", "content": "", "tool_calls": [tool_call(arguments, "abcdefghi")]}
    result = {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": '{"temp": 21.5}'}
    yield "plain", [USER]
    yield "system", [SYSTEM, USER]
    yield "multi_turn", [USER, ASSISTANT, {"role": "user", "content": "And 2 + 2?"}]
    yield "multi_turn_system", [SYSTEM, USER, ASSISTANT, {"role": "user", "content": "Why?"}, ASSISTANT]
    yield "assistant_last", [USER, ASSISTANT]
    yield "unicode", [{"role": "system", "content": "Ünïcödé ✓"}, UNICODE, {"role": "assistant", "content": "ﬁ ẞ"}]
    yield "empty", []
    yield "empty_content", [{"role": "user", "content": ""}, {"role": "assistant", "content": ""}]
    yield "none_content", [USER, {"role": "assistant", "content": None}, USER]
    yield "no_content", [USER, {"role": "assistant"}]
    yield "no_role", [{"content": "x"}]
    yield "assistant_first", [ASSISTANT, USER]
    yield "two_users", [USER, USER]
    yield "two_systems", [SYSTEM, SYSTEM, USER]
    yield "system_late", [USER, SYSTEM, ASSISTANT]
    yield "system_only", [SYSTEM]
    yield "unknown_role", [{"role": "narrator", "content": "Once."}, USER]
    yield "developer", [{"role": "developer", "content": "Be kind."}, USER]
    yield "parts", [{"role": "user", "content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}]}]
    yield "image_part", [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}, ASSISTANT]
    yield "system_parts", [{"role": "system", "content": [{"type": "text", "text": "Sys"}]}, USER]
    yield "tool_call", [USER, call_turn]
    yield "tool_result", [SYSTEM, USER, call_turn, result]
    yield "tool_answer", [USER, call_turn, result, {"role": "assistant", "content": "21.5 degrees."}, USER]
    yield "tool_call_text", [USER, {**call_turn, "content": "Let me look."}, result]
    yield "tool_call_none", [USER, {**call_turn, "content": None}, result]
    yield "tool_two_calls", [
        USER,
        {**call_turn, "tool_calls": [tool_call({"city": "Bern"}, "aaaaaaaaa"), tool_call({"city": "Genf"}, "bbbbbbbbb")]},
        {**result, "tool_call_id": "aaaaaaaaa"},
        {**result, "tool_call_id": "bbbbbbbbb", "content": "rain"},
    ]
    yield "tool_string_arguments", [USER, {**call_turn, "tool_calls": [tool_call('{"city": "Bern"}')]}, result]
    yield "tool_no_arguments", [USER, {**call_turn, "tool_calls": [tool_call({})]}, result]
    yield "tool_bare_call", [USER, {"role": "assistant", "tool_calls": [{"name": "clock", "arguments": {}}]}, result]
    yield "tool_result_object", [USER, call_turn, {**result, "content": {"temp": 21.5, "wind": ["N", 3]}}]
    yield "tool_result_parts", [USER, call_turn, {**result, "content": [{"type": "text", "text": "sunny"}]}]
    yield "reasoning", [USER, {**ASSISTANT, "reasoning_content": "1 + 1 is 2.\n"}, USER]
    yield "reasoning_last", [USER, {**ASSISTANT, "reasoning_content": "Sum."}]
    yield "thinking_field", [USER, {**ASSISTANT, "thinking": "Sum."}]
    yield "inline_thinking", [USER, {"role": "assistant", "content": "<think>\nSum.\n</think>\n\nIt is 2."}, USER]
    yield "reasoning_tool", [USER, {**call_turn, "reasoning_content": "I need a tool."}, result]


def option_sets():
    tokens = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    base = {"tools": None, "documents": None, **tokens}
    documents = [{"title": "Doc 1", "text": "Text & more"}, {"title": "Doc 2", "text": "Zwei\nZeilen"}]
    yield "default", {**base, "add_generation_prompt": False}
    yield "generate", {**base, "add_generation_prompt": True}
    yield "tools", {**base, "tools": [WEATHER_TOOL, CLOCK_TOOL], "add_generation_prompt": True}
    yield "no_thinking", {**base, "add_generation_prompt": True, "enable_thinking": False, "thinking": False}
    yield "thinking", {**base, "add_generation_prompt": True, "enable_thinking": True, "thinking": True}
    yield "documents", {**base, "documents": documents, "add_generation_prompt": True}
    yield "no_tokens", {"tools": [], "documents": None, "add_generation_prompt": True}


def conversations():
    for (messages_name, messages), (options_name, options) in itertools.product(message_lists(), option_sets()):
        yield f"{messages_name}/{options_name}", {"messages": messages, **options}
