// Talking: answers are the server's own, grow while they come, and are kept.
import assert from "node:assert/strict";
import { answers, answerWith, openPage, say, set } from "./browser.mjs";
import { eventually, test } from "./checks.mjs";

const LONG = { Temperature: 0, "Most tokens": 2000 };

async function countOf(server, name) {
  const text = await (await fetch(`${server.open}/metrics`)).text();
  return [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
}

export function chatCases(browser, server) {
  const open = (options) => openPage(browser, server.open, options);

  test("an answer is streamed and is the one of adze run", async () => {
    const page = await open();
    await set(page, { Temperature: 0, "Most tokens": server.tokens });
    await page.evaluate(() => {
      window.lengths = new Set();
      new MutationObserver(() => window.lengths.add(document.querySelector(".answer .markdown")?.textContent.length ?? 0))
        .observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await say(page, server.question);
    const all = await answers(page);
    const shown = await all.locator(".markdown").innerText();
    assert.equal(shown.replace(/\s+/g, " ").trim(), server.answer.replace(/\s+/g, " ").trim());
    assert.ok((await page.evaluate(() => window.lengths.size)) > 3, "the answer grew");
    assert.match(await all.locator(".figures").innerText(), /^\d+ tokens · [\d.]+ tokens\/s · first after/);
    assert.match(await page.locator(".context").innerText(), /\d+ \/ [\d,]+/);
    assert.match(await page.locator('[role="status"].for-screen-readers').innerText(), /end of the answer/);
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(page.asked.filter((address) => !address.startsWith(`${server.open}/`)), [], "nothing leaves the server");
    await page.context().close();
  });

  test("an answer can be stopped, and the server stops too", async () => {
    const page = await open();
    await set(page, LONG);
    await say(page, "Write a very long story about the sea, with many chapters.");
    await page.locator(".answer .markdown p").first().waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    const all = await answers(page);
    assert.match(await all.innerText(), /You stopped this answer/);
    await page.getByRole("button", { name: "Send" }).waitFor();
    await eventually(() => countOf(server, "adze_requests_running"), (count) => count === 0, "requests that still run");
    await page.context().close();
  });

  test("answers again, and in other words", async () => {
    const page = await open();
    const bodies = await answerWith(page, ["One ", "answer."]);
    await say(page, "First question");
    await answers(page);
    await say(page, "Second question");
    await eventually(async () => (await answers(page)).count(), (count) => count === 2, "two answers");
    await page.getByRole("button", { name: "Answer again" }).click();
    await eventually(() => bodies.length, (count) => count === 3, "three requests");
    assert.deepEqual(bodies[2].messages, bodies[1].messages);
    assert.equal(bodies[2].messages.length, 3);
    await answers(page);
    await page.getByRole("button", { name: "Edit message" }).first().click();
    await page.getByLabel("Your message").fill("Another question");
    await page.locator(".edit").getByRole("button", { name: "Send" }).click();
    await eventually(() => bodies.length, (count) => count === 4, "four requests");
    assert.deepEqual(bodies[3].messages, [{ role: "user", content: "Another question" }]);
    assert.equal(await (await answers(page)).count(), 1);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Another question");
    await page.context().close();
  });

  test("settings, system prompt and model are those of the request", async () => {
    const page = await open();
    const bodies = await answerWith(page, "Yes.");
    await set(page, { Temperature: "0.3", "Top p": 0.9, "Top k": 20, "Min p": 0.05, "Repeat penalty": 1.1, Seed: 7, "System prompt": "Be brief." });
    await page.getByLabel("Model", { exact: true }).selectOption(server.otherModel);
    await say(page, "Hello");
    await answers(page);
    const { messages, ...fields } = bodies[0];
    assert.deepEqual(messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }]);
    assert.deepEqual(fields, { model: server.otherModel, temperature: 0.3, top_p: 0.9, top_k: 20, min_p: 0.05, repeat_penalty: 1.1, seed: 7,
      stream: true, stream_options: { include_usage: true } });
    await page.getByRole("button", { name: "Settings of answers" }).click();
    await page.getByLabel("Top p", { exact: true }).fill("7");
    assert.equal(await page.getByLabel("Top p", { exact: true }).getAttribute("aria-invalid"), "true");
    assert.match(await page.getByRole("dialog").innerText(), /Top p must be from 0 to 1/);
    await page.context().close();
  });

  test("the other model answers when it is chosen", async () => {
    const page = await open();
    await set(page, { "Most tokens": 8 });
    await page.getByLabel("Model", { exact: true }).selectOption(server.otherModel);
    await say(page, "the cat");
    const all = await answers(page);
    assert.equal(await all.getAttribute("aria-label"), `Answer of ${server.otherModel}`);
    const loaded = await (await fetch(`${server.open}/models/cards`)).json();
    assert.equal(loaded.models.find((model) => model.name === server.otherModel).loaded, true);
    await page.context().close();
  });

  test("conversations survive a reload, are several, and can be deleted", async () => {
    const page = await open();
    await answerWith(page, "Kept **well**.");
    await say(page, "Will this stay?");
    await answers(page);
    await page.reload();
    assert.match(await page.locator(".answer").innerText(), /Kept well\./);
    assert.equal(await page.locator(".answer strong").innerText(), "well");
    await page.getByRole("button", { name: "New conversation" }).click();
    assert.equal(await page.locator(".answer").count(), 0);
    await say(page, "Another one");
    await answers(page);
    const list = page.getByRole("navigation", { name: "Conversations" });
    assert.deepEqual(await list.locator(".open").allInnerTexts(), ["Another one", "Will this stay?"]);
    await list.getByRole("button", { name: "Will this stay?", exact: true }).click();
    assert.equal(await page.locator(".bubble").innerText(), "Will this stay?");
    page.on("dialog", (dialog) => dialog.accept());
    await list.getByRole("button", { name: "Delete Will this stay?" }).click();
    assert.deepEqual(await list.locator(".open").allInnerTexts(), ["Another one"]);
    await page.reload();
    assert.equal(await page.locator(".bubble").innerText(), "Another one");
    await page.context().close();
  });

  test("an answer that a reload cuts off stays as far as it came", async () => {
    const page = await open();
    await set(page, LONG);
    await say(page, "Write a very long story about the sea, with many chapters.");
    await eventually(() => page.evaluate(() => Object.values(localStorage).join("").match(/"role":"assistant","text":"[^"]{20,}/)),
      (found) => found, "something of the answer is kept");
    await page.reload();
    assert.match(await page.locator(".answer").innerText(), /This answer was cut off/);
    await eventually(() => countOf(server, "adze_requests_running"), (count) => count === 0, "requests that still run");
    await page.context().close();
  });

  test("errors are explained", async () => {
    const page = await open();
    const problem = () => page.locator(".ending.problem").last().innerText();
    const fail = async (respond, says) => {
      await page.unroute("**/v1/chat/completions");
      await page.route("**/v1/chat/completions", respond);
      await say(page, "Hello");
      await eventually(problem, (text) => says.test(text), String(says));
    };
    await fail((route) => route.abort(), /cannot be reached.*still running/);
    await fail((route) => route.fulfill({ status: 429, headers: { "retry-after": "4" }, json: { error: { message: "slow down" } } }),
      /Too many requests.*slow down.*in 4 s/);
    await fail((route) => route.fulfill({ status: 503, body: "<html>a proxy</html>" }), /The server is busy/);
    await fail((route) => route.fulfill({ contentType: "text/event-stream",
      body: 'data: {"choices":[{"delta":{"content":"Half"}}]}\n\ndata: {"error":{"message":"the model failed"}}\n\n' }), /The server failed\. the model failed/);
    assert.equal(await page.locator(".answer .markdown").last().innerText(), "Half");
    await fail((route) => route.fulfill({ contentType: "text/event-stream", body: 'data: {"choices":[{"delta":{"content":"Half"}}]}\n\n' }),
      /cannot be reached/);
    await page.unroute("**/v1/chat/completions");
    await set(page, { "Most tokens": 4, "System prompt": "word ".repeat(9000) });
    await say(page, "Hello");
    await eventually(problem, (text) => /context has room/.test(text), "the context is full");
    await page.context().close();
  });

  test("thoughts are folded away", async () => {
    const page = await open();
    await page.route("**/v1/chat/completions", (route) => route.fulfill({ contentType: "text/event-stream",
      body: 'data: {"choices":[{"delta":{"reasoning_content":"Hmm."}}]}\n\ndata: {"choices":[{"delta":{"content":"Four."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n' }));
    await say(page, "2 + 2?");
    await answers(page);
    const thoughts = page.locator(".thoughts");
    assert.equal(await thoughts.evaluate((element) => element.open), false);
    await thoughts.locator("summary").click();
    assert.match(await thoughts.innerText(), /Hmm\./);
    await page.context().close();
  });
}
