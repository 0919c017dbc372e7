// Markdown as elements. What a model writes is hostile: it never becomes HTML. The parser makes tokens, and each kind of
// token makes the element of the tables below, with no attributes but those set here; what is in no table is text.
import MarkdownIt, { type Token } from "markdown-it";
import { Fragment, h, type ComponentChildren, type VNode } from "preact";
import { useMemo } from "preact/hooks";
import { CodeBlock } from "./code_block.tsx";
import { safeAddress, shownAddress } from "./safe_address.ts";

const MAX_NESTING = 40;

const parser = new MarkdownIt({ html: false, linkify: true, maxNesting: MAX_NESTING });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
// Refused links stay the text that they were written as.
parser.validateLink = (address: string) => safeAddress(address) !== undefined;
parser.normalizeLink = (address: string) => safeAddress(address) ?? "";

/** Kind of token (without _open) -> element. Headings begin below those of the page. */
const ELEMENTS: Record<string, string> = {
  paragraph: "p",
  blockquote: "blockquote",
  bullet_list: "ul",
  ordered_list: "ol",
  list_item: "li",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  em: "em",
  strong: "strong",
  s: "s",
};

const LOWEST_HEADING = 6;
const HEADINGS_ABOVE = 1;

function attribute(token: Token, name: string): string {
  return String(token.attrGet(name) ?? "");
}

function Link({ address, children }: { address: string; children: ComponentChildren }) {
  const shown = shownAddress(address);
  const text = Array.isArray(children) && children.length === 1 && typeof children[0] === "string" ? children[0] : "";
  const isBare = text === shown || safeAddress(text) === address;
  return (
    <Fragment>
      <a href={address} target="_blank" rel="noopener noreferrer nofollow">{children}</a>
      {!isBare && <span class="link-address"> ({shown})</span>}
    </Fragment>
  );
}

/** Nothing is loaded for an image: it is named, and its address is a link. */
function Image({ token }: { token: Token }) {
  const address = safeAddress(attribute(token, "src"));
  const label = token.content || "no description";
  return address ? <Link address={address}>{[`Image: ${label}`]}</Link> : <span>{`[Image: ${label}]`}</span>;
}

function alignment(token: Token): string | undefined {
  return /text-align:(right|center)/.exec(attribute(token, "style"))?.[1];
}

/** An element around what stands between an opening token and its end. */
function container(token: Token, children: VNode | ComponentChildren[]): VNode {
  const kind = token.type.replace(/_open$/, "");
  const inside = children as ComponentChildren;
  if (kind === "link") return <Link address={attribute(token, "href")}>{inside}</Link>;
  if (kind === "heading") {
    const level = Math.min(Number(token.tag.slice(1)) + HEADINGS_ABOVE, LOWEST_HEADING);
    return h(`h${level}`, { class: `level-${token.tag.slice(1)}` }, inside);
  }
  if (kind === "table") {
    return (
      <div class="table-scroll" role="region" aria-label="Table" tabIndex={0}>
        <table>{inside}</table>
      </div>
    );
  }
  if (kind === "paragraph" && token.hidden) return <Fragment>{inside}</Fragment>;
  if (kind === "ordered_list") return <ol start={Number(token.attrGet("start") ?? 1)}>{inside}</ol>;
  if (kind === "th") return <th scope="col" class={alignment(token)}>{inside}</th>;
  if (kind === "td") return <td class={alignment(token)}>{inside}</td>;
  return h(ELEMENTS[kind] ?? "span", null, inside);
}

/** A token that stands for itself. */
function leaf(token: Token): ComponentChildren {
  switch (token.type) {
    case "inline":
      return elementsOf(token.children ?? []);
    case "code_inline":
      return <code>{token.content}</code>;
    case "fence":
    case "code_block":
      return <CodeBlock code={token.content} language={token.info.trim().split(/\s+/)[0] ?? ""} />;
    case "image":
      return <Image token={token} />;
    case "hr":
      return <hr />;
    case "hardbreak":
      return <br />;
    case "softbreak":
      return "\n";
    default:
      return token.content;
  }
}

export function elementsOf(tokens: readonly Token[]): ComponentChildren[] {
  const open: { token: Token; children: ComponentChildren[] }[] = [];
  const whole: ComponentChildren[] = [];
  for (const token of tokens) {
    if (token.nesting === 1) {
      open.push({ token, children: [] });
      continue;
    }
    const closed = token.nesting === -1 ? open.pop() : undefined;
    const element = closed ? container(closed.token, closed.children) : leaf(token);
    (open.at(-1)?.children ?? whole).push(element);
  }
  return whole;
}

export function parseMarkdown(text: string): Token[] {
  return parser.parse(text, {});
}

export function Markdown({ text }: { text: string }) {
  const elements = useMemo(() => elementsOf(parseMarkdown(text)), [text]);
  return <div class="markdown">{elements}</div>;
}
