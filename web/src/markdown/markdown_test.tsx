import assert from "node:assert/strict";
import { test } from "node:test";
import { isValidElement, type ComponentChildren } from "preact";
import { CodeBlock } from "./code_block.tsx";
import { elementsOf, parseMarkdown } from "./markdown.tsx";
import { safeAddress, shownAddress } from "./safe_address.ts";

/** Elements as text, for comparing; components that need a browser are named. */
function outline(children: ComponentChildren): string {
  if (Array.isArray(children)) return children.map(outline).join("");
  if (!isValidElement(children)) return children == null || typeof children === "boolean" ? "" : String(children);
  const { type, props } = children;
  if (type === CodeBlock) return `<code-block ${JSON.stringify(props)}>`;
  if (typeof type === "function") return outline((type as (props: unknown) => ComponentChildren)(props));
  const { children: inside, ...attributes } = props as Record<string, unknown> & { children?: ComponentChildren };
  const shown = Object.entries(attributes).filter(([, value]) => value !== undefined).map(([name, value]) => ` ${name}=${String(value)}`);
  return `<${String(type)}${shown.join("")}>${outline(inside)}</${String(type)}>`;
}

const drawn = (text: string) => outline(elementsOf(parseMarkdown(text)));

test("what answers are made of", () => {
  assert.equal(drawn("# A *b*\n\nc **d** `e` ~~f~~"), "<h2 class=level-1>A <em>b</em></h2><p>c <strong>d</strong> <code>e</code> <s>f</s></p>");
  assert.equal(drawn("- a\n- b\n"), "<ul><li>a</li><li>b</li></ul>");
  assert.equal(drawn("3. a\n4. b\n"), "<ol start=3><li>a</li><li>b</li></ol>");
  assert.equal(drawn("> q\n\n---"), "<blockquote><p>q</p></blockquote><hr></hr>");
  assert.equal(drawn("###### six"), "<h6 class=level-6>six</h6>");
  assert.equal(drawn("```py x\n<b>\n```"), '<code-block {"code":"<b>\\n","language":"py"}>');
  assert.match(drawn("|a|b|\n|-|-:|\n|1|2|"), /<th scope=col>a<\/th><th scope=col class=right>b<\/th>.*<td>1<\/td><td class=right>2<\/td>/);
});

test("HTML is text", () => {
  assert.equal(drawn("<script>x</script>"), "<p><script>x</script></p>"); // the outline does not escape: these are texts
  assert.equal(elementsOf(parseMarkdown("<b>x</b>")).filter(isValidElement).length, 1);
  assert.equal(drawn("&lt;b&gt; &copy;"), "<p><b> ©</p>");
});

test("links show where they go, and only some are links", () => {
  assert.equal(drawn("[a](https://x.example/y)"),
    "<p><a href=https://x.example/y target=_blank rel=noopener noreferrer nofollow>a</a><span class=link-address> (x.example/y)</span></p>");
  assert.equal(drawn("https://x.example/y"), "<p><a href=https://x.example/y target=_blank rel=noopener noreferrer nofollow>https://x.example/y</a></p>");
  for (const address of ["javascript:x", "data:text/html,x", "/models/unload", "//evil.example", "file:///etc"]) {
    assert.ok(!drawn(`[a](${address})`).includes("<a"), address);
    assert.ok(!drawn(`![a](${address})`).includes("<a"), address);
  }
  const disguised = drawn("[a](https://bank.example@evil.example/)");
  assert.ok(!disguised.includes("href=https://bank.example@") && !disguised.includes("href=https://evil"), disguised);
  assert.match(drawn("![a](https://x.example/p.png)"), /<a href=https:\/\/x\.example\/p\.png [^>]*>Image: a<\/a>/);
});

test("deep nesting ends", () => {
  assert.ok(drawn(`${"> ".repeat(5000)}x`).length < 20000);
  assert.ok(drawn("*".repeat(3000) + "[".repeat(3000)).length < 20000);
});

test("addresses", () => {
  assert.equal(safeAddress("HTTPS://X.example"), "https://x.example/");
  assert.equal(safeAddress("mailto:a@b.example"), "mailto:a@b.example");
  assert.equal(safeAddress("java\nscript:x"), undefined);
  assert.equal(shownAddress("https://xn--80ak6aa92e.example/"), "xn--80ak6aa92e.example");
  assert.equal(shownAddress(`https://x.example/${"a".repeat(100)}`).length, 64);
});
