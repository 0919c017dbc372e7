// The views: for everybody, on every screen, in both colours.
import assert from "node:assert/strict";
import { answers, answerWith, axePath, DESKTOP, openPage, PHONE, say } from "./browser.mjs";
import { eventually, test } from "./checks.mjs";

const ANSWER = "# A table\n\n| bird | wings |\n|---|--:|\n| owl | 2 |\n\n```python\nprint('a long line of code that goes on and on and on and on and on and on and on and on and on')\n```\n\n" +
  "- one\n- two: [a link](https://good.example/)\n\n> quoted `code`";

const VIEWS = {
  welcome: async () => {},
  chat: async (page) => {
    await answerWith(page, ANSWER);
    await say(page, "Show me everything");
    await answers(page);
  },
  edit: async (page) => {
    await VIEWS.chat(page);
    await page.getByRole("button", { name: "Edit message" }).click();
  },
  failure: async (page) => {
    await page.route("**/v1/chat/completions", (route) => route.abort());
    await say(page, "Hello");
    await answers(page);
  },
  settings: async (page) => page.getByRole("button", { name: "Settings of answers" }).click(),
  key: async (page) => page.getByRole("button", { name: "API key" }).click(),
  models: async (page) => {
    await page.getByRole("link", { name: "Models" }).click();
    await page.locator(".card").first().waitFor();
  },
  metrics: async (page) => {
    await page.getByRole("link", { name: "Metrics" }).click();
    await page.getByText("By model").waitFor();
  },
};

const RULES = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };

async function faults(page) {
  await page.addScriptTag({ path: axePath });
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, rules), RULES);
  return violations.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

function accessibilityCases(browser, server) {
  for (const [view, show] of Object.entries(VIEWS)) {
    for (const colours of ["light", "dark"]) {
      for (const [screen, size] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
        test(`axe finds nothing: ${view}, ${colours}, ${screen}`, async () => {
          const page = await openPage(browser, server.open, { size, colours, bypassPolicy: true });
          await page.getByLabel("Model", { exact: true }).waitFor();
          await show(page);
          await page.waitForTimeout(250); // sheets slide in
          assert.deepEqual(await faults(page), []);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${wide} pixels too wide`);
          await page.context().close();
        });
      }
    }
  }
}

export function viewCases(browser, server) {
  accessibilityCases(browser, server);

  test("axe finds what is wrong", async () => {
    const page = await openPage(browser, server.open, { bypassPolicy: true });
    await page.locator("#question").evaluate((field) => {
      field.removeAttribute("aria-label");
      field.removeAttribute("placeholder");
    });
    assert.match((await faults(page)).join(), /^label: #question/);
    await page.context().close();
  });

  test("a tour with the keyboard alone", async () => {
    const page = await openPage(browser, server.open);
    await answerWith(page, "Yes, **this** works.");
    const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim());
    /** Tab by Tab until something has the focus, which must be seen. */
    const reach = async (name) => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        if ((await focused()) !== name) continue;
        const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
        assert.notEqual(outline, "none", `${name} shows its focus`);
        return;
      }
      assert.fail(`${name} is not reached`);
    };
    await eventually(focused, (name) => name === "Message", "the message has the focus at the start");
    await page.getByLabel("Model", { exact: true }).waitFor();
    await page.keyboard.type("Does this work?");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("Really?");
    await page.keyboard.press("Enter");
    const all = await answers(page);
    assert.equal(await page.locator(".bubble").innerText(), "Does this work?\nReally?");
    assert.match(await all.innerText(), /Yes, this works/);
    assert.equal(await focused(), "Message");
    await reach("Settings of answers");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await eventually(focused, (name) => name === "Settings of answers", "the focus comes back");
    await reach("To the content");
    await reach("Models");
    await page.keyboard.press("Enter");
    await eventually(() => page.evaluate(() => document.activeElement.tagName), (tag) => tag === "H1", "the heading has the focus");
    assert.equal(await focused(), "Models");
    assert.equal(await page.title(), "Models · Adze");
    await page.goBack();
    await page.locator(".bubble").waitFor();
    await reach("Edit message");
    await page.keyboard.press("Enter");
    await eventually(focused, (name) => name === "Your message", "the field has the focus");
    await page.keyboard.press("Escape");
    await eventually(focused, (name) => name === "Edit message", "the focus comes back");
    await page.context().close();
  });

  test("copies answers and code", async () => {
    const page = await openPage(browser, server.open);
    await VIEWS.chat(page);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole("button", { name: "Copy code" }).click();
    await eventually(clipboard, (text) => text.startsWith("print('a long line"), "the code");
    await page.getByRole("button", { name: "Copy answer" }).click();
    await eventually(clipboard, (text) => text === ANSWER, "the answer");
    await page.context().close();
  });

  test("colours follow the system until they are chosen", async () => {
    const page = await openPage(browser, server.open, { colours: "dark" });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    await page.getByRole("button", { name: /^Colours/ }).click();
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    assert.equal(await background(), light);
    await page.context().close();
  });

  test("models show size, bits and measured quality", async () => {
    const page = await openPage(browser, `${server.open}/#/models`);
    const card = page.getByRole("article", { name: server.otherModel, exact: true });
    await card.waitFor();
    const text = await card.innerText();
    for (const part of [/Bits per weight\s+\d+\.\d\d/, /Mean KL\s+[\d.e-]+ ± [\d.e-]+ nats/, /Same top token\s+[\d.]+ %/]) assert.match(text, part);
    assert.match(await page.getByRole("article", { name: server.model, exact: true }).innerText(), /No quality card lies beside/);
    assert.equal(await page.locator(".point").count(), server.cards);
    assert.match(await page.getByRole("img", { name: /^Divergence by size/ }).getAttribute("aria-label"), new RegExp(server.otherModel));
    await page.context().close();
  });

  test("metrics follow what the server does", async () => {
    const page = await openPage(browser, `${server.open}/#/metrics`);
    const answered = () => page.locator(".tile", { hasText: "Answers" }).locator("b").innerText();
    const before = Number(await answered());
    const body = { messages: [{ role: "user", content: "Hi" }], max_tokens: 6 };
    await fetch(`${server.open}/v1/chat/completions`, { method: "POST", body: JSON.stringify(body) });
    await eventually(answered, (count) => Number(count) === before + 1, "one more answer");
    assert.match(await page.getByRole("img", { name: /^Time to the first token/ }).getAttribute("aria-label"), /half within/);
    await page.context().close();
  });

  test("a phone has its conversations in a sheet", async () => {
    const page = await openPage(browser, server.open, { size: PHONE });
    await answerWith(page, "Yes.");
    await say(page, "On the phone");
    await answers(page);
    await page.getByRole("button", { name: "Conversations" }).click();
    const sheet = page.getByRole("dialog", { name: "Conversations" });
    await sheet.getByRole("button", { name: "New conversation" }).click();
    await sheet.waitFor({ state: "detached" });
    assert.equal(await page.locator(".bubble").count(), 0);
    await page.context().close();
  });

  test("nothing moves where motion is not wanted", async () => {
    const page = await openPage(browser, server.open);
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.getByRole("button", { name: "Settings of answers" }).click();
    assert.equal(await page.getByRole("dialog").evaluate((dialog) => getComputedStyle(dialog).animationName), "none");
    await page.context().close();
  });
}
