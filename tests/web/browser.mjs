// Chromium in front of a running server: pages with a size and colours, and what they may not do.
import { createRequire } from "node:module";
import { join } from "node:path";

const peers = createRequire(join(process.env.ADZE_PEERS, "npm", "package.json"));
const { chromium } = peers("playwright-core");
export const axePath = peers.resolve("axe-core/axe.min.js");

export const DESKTOP = { width: 1280, height: 820 };
export const PHONE = { width: 390, height: 780 };

/** No name but this machine's own is looked up, so nothing can leave it. */
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];

export function launch() {
  return chromium.launch({ executablePath: process.env.ADZE_CHROMIUM, args: FLAGS });
}

/** A page of its own storage. `asked` gathers all addresses, `complaints` what the browser says is wrong. */
export async function openPage(browser, address, { size = DESKTOP, colours = "light", bypassPolicy = false, scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport: size, colorScheme: colours, bypassCSP: bypassPolicy, deviceScaleFactor: scale, hasTouch: size === PHONE,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.asked = [];
  page.complaints = [];
  context.on("request", (request) => page.asked.push(request.url()));
  page.on("console", (message) => {
    // That an answer had a status of an error is the browser's own remark.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto(address);
  return page;
}

/** A stream of events as the server writes it. */
export function streamOf(pieces, { reason = "stop", usage = true } = {}) {
  const chunk = (delta, finish = null) => ({ choices: [{ index: 0, delta, finish_reason: finish }] });
  const events = [...pieces.map((piece) => chunk({ content: piece })), chunk({}, reason)];
  if (usage) events.push({ choices: [], usage: { prompt_tokens: 10, completion_tokens: pieces.length, total_tokens: 10 + pieces.length } });
  return [...events.map((event) => JSON.stringify(event)), "[DONE]"].map((data) => `data: ${data}\n\n`).join("");
}

/** Answers chats with a text instead of the server; `bodies` gathers what was asked. */
export async function answerWith(page, text, options = {}) {
  const bodies = [];
  await page.route("**/v1/chat/completions", (route) => {
    bodies.push(route.request().postDataJSON());
    return route.fulfill({ status: 200, contentType: "text/event-stream", body: streamOf([].concat(text), options) });
  });
  return bodies;
}

export async function say(page, text) {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** The answers once none grows any more. */
export async function answers(page) {
  await page.locator(".answer").first().waitFor();
  await page.locator('.answer[aria-busy="true"]').waitFor({ state: "detached" });
  return page.locator(".answer");
}

/** Puts settings in their form. */
export async function set(page, settings) {
  await page.getByRole("button", { name: "Settings of answers" }).click();
  for (const [label, value] of Object.entries(settings)) await page.getByLabel(label, { exact: true }).fill(String(value));
  await page.getByRole("button", { name: "Close" }).click();
}
