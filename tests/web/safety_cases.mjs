// What a model writes is hostile, and nothing leaves the server that the page came from.
import assert from "node:assert/strict";
import { answers, answerWith, openPage, say } from "./browser.mjs";
import { test } from "./checks.mjs";

const HOSTILE = [
  "<script>window.hurt = 1</script>",
  "<img src=x onerror=\"window.hurt = 2\">",
  "<svg onload=\"window.hurt = 3\"><animate onbegin=\"window.hurt = 3\"/></svg>",
  "<iframe srcdoc=\"<script>parent.hurt = 4</script>\"></iframe>",
  "[click](javascript:window.hurt=5) [click](JaVaScRiPt:window.hurt=5) [click](&#106;avascript:window.hurt=5) [click](java\tscript:window.hurt=5)",
  "[data](data:text/html,<script>window.hurt=6</script>) [blob](blob:x) [file](file:///etc/passwd) [here](/models/unload) [there](//evil.example/x)",
  "![pixel](https://evil.example/pixel.png) ![data](data:image/svg+xml,<svg/onload=alert(1)>)",
  "<https://evil.example/auto> https://evil.example/bare",
  "[bank](https://bank.example@evil.example/login) [honest](https://good.example/a?b=c \"title\")",
  "<style>body { display: none }</style><link rel=stylesheet href=https://evil.example/x.css>",
  "<form action=https://evil.example><input name=q><button>Send</button></form>",
  "[ref]\n\n[ref]: javascript:window.hurt=7",
  "```html\n<script>window.hurt = 8</script>\n```",
  "```\"><script>window.hurt=9</script>\ncode\n```",
  "| a | b |\n|:--|--:|\n| <b onclick=window.hurt=10>x</b> | `y` |",
  `${"> ".repeat(3000)}deep`,
  `${"[".repeat(5000)}${"*".repeat(5000)}`,
  "\u202Egnp.exe\u0000 &lt;script&gt;window.hurt=11&lt;/script&gt;",
].join("\n\n");

const ELEMENTS = new Set("A BLOCKQUOTE BR BUTTON CODE DIV EM FIGCAPTION FIGURE H2 H3 H4 H5 H6 HR LI OL P PATH PRE S SPAN STRONG SVG TABLE TBODY TD TH THEAD TR UL".split(" "));
const ATTRIBUTES = new Set(["class", "href", "target", "rel", "role", "aria-label", "tabindex", "scope", "start", "type", "viewbox", "aria-hidden", "focusable", "d"]);

export function safetyCases(browser, server) {
  test("hostile Markdown does nothing", async () => {
    const page = await openPage(browser, server.open);
    await answerWith(page, HOSTILE);
    await say(page, "Be evil");
    await answers(page);
    const markdown = page.locator(".answer .markdown").first();
    const found = await markdown.evaluate((root) => [...root.querySelectorAll("*")].map((element) => ({
      tag: element.tagName.toUpperCase(), names: element.getAttributeNames().map((name) => name.toLowerCase()), type: element.getAttribute("type") })));
    for (const { tag, names, type } of found) {
      assert.ok(ELEMENTS.has(tag), `<${tag}>`);
      for (const name of names) assert.ok(ATTRIBUTES.has(name), `${tag} ${name}`);
      if (tag === "BUTTON") assert.equal(type, "button");
    }
    const links = await markdown.locator("a").evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.rel, link.target]));
    assert.ok(links.length >= 4, "honest links are links");
    for (const [href, rel, target] of links) {
      assert.match(href, /^https:\/\/(evil|good|bank)\.example\//);
      assert.ok(!href.includes("@"));
      assert.equal(rel, "noopener noreferrer nofollow");
      assert.equal(target, "_blank");
    }
    const text = await markdown.innerText();
    for (const part of ["<script>window.hurt = 1</script>", "(evil.example/pixel.png)", "(good.example/a?b=c)", "javascript:window.hurt=5"]) {
      assert.ok(text.includes(part), part);
    }
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.equal(await page.evaluate(() => window[0]), undefined, "no frames");
    assert.deepEqual(page.complaints, []);
    assert.deepEqual(page.asked.filter((address) => !address.startsWith(server.open)), []);
    await page.context().close();
  });

  test("the policy lets nothing in or out", async () => {
    const response = await fetch(server.open, { headers: { accept: "text/html,application/xhtml+xml" } });
    const policy = response.headers.get("content-security-policy");
    for (const part of ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
      "require-trusted-types-for 'script'"]) assert.ok(policy.includes(part), part);
    assert.ok(!policy.includes("unsafe"), policy);
    assert.match(policy, /script-src 'sha256-[^' ]+'; style-src 'sha256-[^' ]+'/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const html = await response.text();
    assert.ok(!/<(script|link|img)[^>]+(src|href)="?https?:/.test(html), "no addresses of others");
    const page = await openPage(browser, server.open);
    const refused = await page.evaluate(async () => {
      const blocked = [];
      addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
      await fetch("https://evil.example/").catch(() => 0);
      const script = document.createElement("script");
      try { script.textContent = "window.hurt = 1"; document.body.append(script); } catch { blocked.push("trusted types"); }
      const image = new Image();
      image.src = "https://evil.example/x.png";
      await new Promise((done) => setTimeout(done, 200));
      return blocked;
    });
    for (const part of ["connect-src", "img-src"]) assert.ok(refused.includes(part), `${part}: ${refused}`);
    assert.ok(refused.includes("trusted types"), String(refused));
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    await page.context().close();
  });

  test("programs that ask for the root are told that the server runs", async () => {
    for (const headers of [{}, { accept: "*/*" }, { accept: "application/json" }]) {
      const response = await fetch(server.open, { headers });
      assert.match(await response.text(), /^Adze is running\./);
      assert.match(response.headers.get("content-type"), /^text\/plain/);
    }
    assert.equal((await fetch(server.open, { method: "HEAD" })).status, 200);
  });

  test("a server with keys asks for one", async () => {
    const page = await openPage(browser, server.keyed);
    const dialog = page.getByRole("dialog", { name: "API key" });
    await dialog.getByLabel("Key", { exact: true }).fill("wrong");
    await dialog.getByRole("button", { name: "Use this key" }).click();
    await dialog.getByText("The server does not know this key.").waitFor();
    await dialog.getByLabel("Key", { exact: true }).fill(server.key);
    await dialog.getByLabel("Remember it on this device").check();
    await dialog.getByRole("button", { name: "Use this key" }).click();
    await dialog.waitFor({ state: "detached" });
    await say(page, "the cat");
    const all = await answers(page);
    assert.ok((await all.locator(".markdown").innerText()).length > 0);
    assert.equal(await page.locator(".ending.problem").count(), 0);
    await page.reload();
    await page.getByLabel("Model", { exact: true }).waitFor();
    assert.equal(await dialog.count(), 0);
    await page.getByRole("link", { name: "Metrics" }).click();
    await page.locator(".tile", { hasText: "Running" }).waitFor();
    await page.context().close();
  });
}
