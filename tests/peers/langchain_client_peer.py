#!/usr/bin/env python3
# needs: langchain_openai langchain_core model
"""LangChain's ChatOpenAI and OpenAI against `adze serve`: texts are those of `adze run`; tools and structured output, by both
of OpenAI's APIs."""
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI

from served_model import QUESTIONS, SCHEMA, run, said


@tool
def forecast(city: str, days: int) -> str:
    """Tells the weather."""
    return f"{days} days of rain in {city}"


def check_texts(checks, chat):
    for question in QUESTIONS[:2]:
        expected = said(question, 24)
        answer = chat.invoke(question)
        checks.equal(question, answer.text, expected)
        checks.equal("usage", answer.usage_metadata["total_tokens"],
                     answer.usage_metadata["input_tokens"] + answer.usage_metadata["output_tokens"])
        checks.equal(f"{question} (streamed)", "".join(chunk.text for chunk in chat.stream(question)), expected)
    turns = [SystemMessage("Be brief."), HumanMessage(QUESTIONS[0]), AIMessage("Paris."), HumanMessage("And of Italy?")]
    checks.equal("a conversation, twice", chat.invoke(turns).text, chat.invoke(turns).text)
    both = chat.batch(QUESTIONS[:2])
    checks.equal("a batch", [answer.text for answer in both], [said(question, 24) for question in QUESTIONS[:2]])


def check_tools(checks, chat):
    with_tools = chat.bind_tools([forecast], tool_choice="forecast", strict=True)
    question = "Will it rain in Rome?"
    answer = with_tools.invoke(question)
    call = answer.tool_calls[0]
    checks.equal("call", (call["name"], isinstance(call["args"]["days"], int)), ("forecast", True))
    chunks = list(with_tools.stream(question))
    joined = chunks[0]
    for chunk in chunks[1:]:
        joined += chunk
    checks.equal("streamed call", joined.tool_calls[0]["args"], call["args"])
    checks.true("streamed in pieces", sum(len(chunk.tool_call_chunks) for chunk in chunks) > 3)
    turns = [HumanMessage(question), answer, ToolMessage("It will rain.", tool_call_id=call["id"])]
    checks.true("an answer behind the call's result", isinstance(chat.bind_tools([forecast]).invoke(turns), AIMessage))


def check_structures(checks, chat):
    schema = {"title": "bird", "description": "A bird.", **SCHEMA}
    for method in ("json_schema", "function_calling"):
        found = chat.with_structured_output(schema, method=method).invoke("Describe a bird.")
        checks.true(f"structured output by {method}", found["bird"] in ("crow", "owl", "wren"), str(found))


def check(checks, server):
    known = dict(model="any", base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none", temperature=0, max_retries=0)
    for uses_responses in (False, True):
        chat = ChatOpenAI(**known, max_tokens=24, use_responses_api=uses_responses)
        check_texts(checks, chat)
        longer = ChatOpenAI(**known, max_tokens=100, use_responses_api=uses_responses)
        check_tools(checks, longer)
        check_structures(checks, longer)
    completion = OpenAI(**known, max_tokens=12)
    texts = ["The sea is", "Once upon a time"]
    many = completion.generate(texts)
    checks.equal("several prompts", [each[0].text for each in many.generations], [completion.invoke(text) for text in texts])
    checks.equal("a streamed completion", "".join(completion.stream(texts[0])), completion.invoke(texts[0]))


run(check)
