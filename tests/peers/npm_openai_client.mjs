// OpenAI's client for JavaScript: what it makes of the answers of the server at BASE_URL, as JSON for its caller.
// usage: node npm_openai_client.mjs PATH_OF_PACKAGE BASE_URL QUESTIONS_AND_TOOLS_AS_JSON
import { pathToFileURL } from "node:url";

const [path, baseURL, task] = process.argv.slice(2);
const { OpenAI } = await import(pathToFileURL(path).href);
const { questions, schema, tool } = JSON.parse(task);
const client = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const model = (await client.models.list()).data[0].id;
const found = {};

async function chats() {
  const texts = [];
  for (const content of questions) {
    const ask = { model, messages: [{ role: "user", content }], temperature: 0, max_tokens: 24 };
    const whole = await client.chat.completions.create(ask);
    let streamed = "";
    for await (const chunk of await client.chat.completions.create({ ...ask, stream: true }))
      streamed += chunk.choices[0]?.delta?.content ?? "";
    texts.push([whole.choices[0].message.content, streamed]);
  }
  return texts;
}

async function calls() {
  const ask = {
    model, messages: [{ role: "user", content: "Will it rain in Rome?" }], temperature: 0, max_tokens: 100,
    tools: [{ type: "function", function: tool }], tool_choice: "required",
  };
  const whole = await client.chat.completions.create(ask);
  let pieces = 0;
  const stream = client.chat.completions.stream(ask);
  stream.on("tool_calls.function.arguments.delta", () => ++pieces);
  const streamed = await stream.finalChatCompletion();
  const text = (answer) => answer.choices[0].message.tool_calls[0].function.arguments;
  return { whole: text(whole), streamed: text(streamed), pieces };
}

async function responses() {
  const ask = { model, input: questions[0], temperature: 0, max_output_tokens: 24 };
  const whole = await client.responses.create(ask);
  let streamed = "";
  const types = [];
  for await (const event of await client.responses.create({ ...ask, stream: true })) {
    types.push(event.type);
    if (event.type === "response.output_text.delta") streamed += event.delta;
  }
  const form = { format: { type: "json_schema", name: "bird", strict: true, schema } };
  const formed = await client.responses.create({ model, input: "Describe a bird.", text: form, temperature: 0 });
  const kept = await client.responses.retrieve(whole.id);
  await client.responses.delete(whole.id);
  const gone = await client.responses.retrieve(whole.id).then(() => "there", (error) => error.status);
  return { whole: whole.output_text, streamed, first: types[0], formed: JSON.parse(formed.output_text), kept: kept.output_text, gone };
}

async function completions() {
  const ask = { model, prompt: ["The sea is", "Once upon a time"], temperature: 0, max_tokens: 8 };
  const whole = (await client.completions.create(ask)).choices.map((choice) => choice.text);
  const streamed = ["", ""];
  for await (const chunk of await client.completions.create({ ...ask, stream: true }))
    for (const choice of chunk.choices) streamed[choice.index] += choice.text;
  return { whole, streamed };
}

found.chats = await chats();
found.calls = await calls();
found.responses = await responses();
found.completions = await completions();
found.embeddings = (await client.embeddings.create({ model, input: "a" })).data.length;
found.refused = await client.models.retrieve("none").then(() => "answered", (error) => error.status);
console.log(JSON.stringify(found));
