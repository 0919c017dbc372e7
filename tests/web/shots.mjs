// Draws the pictures of docs/web: a conversation that really takes place, models with cards, metrics under load.
// usage: ADZE_PEERS=… ADZE_CHROMIUM=… node shots.mjs SERVER      SERVER: JSON, by tests/peers/web_page_peer.py
import { join } from "node:path";
import { answers, DESKTOP, launch, openPage, PHONE, say, set } from "./browser.mjs";

const server = JSON.parse(process.argv[2]);
const browser = await launch();
const QUESTIONS = ["Give three tips for a long walk, as a list.", "Write a Python function that adds two numbers."];

const shoot = (page, name, options = {}) => page.screenshot({ path: join(server.folder, `${name}.png`), animations: "disabled", ...options });

/** A conversation, taken over into other pages so that all pictures show the same. */
async function converse() {
  const page = await openPage(browser, server.open, { size: DESKTOP });
  await set(page, { Temperature: 0, "Most tokens": 110 });
  for (const question of QUESTIONS) {
    await say(page, question);
    await page.locator(".bubble", { hasText: question }).waitFor();
    await answers(page);
  }
  await page.getByRole("button", { name: "New conversation" }).click();
  await say(page, "Why is the sea salty?");
  await answers(page);
  await page.locator(".open", { hasText: QUESTIONS[0] }).click();
  const kept = await page.evaluate(() => ({ ...localStorage }));
  await page.context().close();
  return kept;
}

async function withConversation(kept, options) {
  const page = await openPage(browser, server.open, options);
  await page.evaluate((texts) => Object.assign(localStorage, texts), kept);
  await page.reload();
  await page.locator(".model-picker").waitFor();
  const title = QUESTIONS[0];
  if (options.size !== PHONE) {
    await page.locator(".open", { hasText: title }).click();
  } else {
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.getByRole("dialog").locator(".open", { hasText: title }).click();
  }
  await page.waitForTimeout(500);
  return page;
}

async function drawChat(kept) {
  for (const [name, options] of Object.entries({
    "chat-light": { size: DESKTOP, colours: "light" },
    "chat-dark": { size: DESKTOP, colours: "dark" },
    "chat-phone": { size: PHONE, colours: "light", scale: 2 },
  })) {
    const page = await withConversation(kept, options);
    await shoot(page, name);
    if (name === "chat-dark") {
      await page.getByRole("button", { name: "Settings of answers" }).click();
      await page.waitForTimeout(300);
      await shoot(page, "settings-dark");
    }
    await page.context().close();
  }
}

async function drawModels() {
  const page = await openPage(browser, `${server.open}/#/models`, { size: DESKTOP });
  await page.locator(".card").first().waitFor();
  await page.waitForTimeout(300);
  await shoot(page, "models-light");
  await page.context().close();
}

/** Requests come and go for a while, and some are under way when the picture is taken. */
async function drawMetrics() {
  const page = await openPage(browser, `${server.open}/#/metrics`, { size: { ...DESKTOP, height: 1090 }, colours: "dark" });
  const ask = (text, tokens) => fetch(`${server.open}/v1/chat/completions`, {
    method: "POST", body: JSON.stringify({ messages: [{ role: "user", content: text }], max_tokens: tokens, ignore_eos: true }) });
  const asked = [];
  for (const [i, what] of ["a poem", "a story", "a recipe", "a letter", "a song", "a speech", "a play", "a report"].entries()) {
    asked.push(ask(`Write ${what} about the sea.`, 60 + 80 * (i % 4)));
    await page.waitForTimeout(2500);
  }
  await page.waitForTimeout(2000);
  asked.push(ask("Write a saga about the sea.", 200), ask("Write an epic about the sea.", 200));
  await page.waitForTimeout(3500);
  await shoot(page, "metrics-dark");
  await Promise.all(asked);
  await page.context().close();
}

const kept = await converse();
await drawChat(kept);
await drawModels();
await drawMetrics();
await browser.close();
