// Which addresses in a model's answer may become links.

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

/** The address in full, or nothing where it must not be followed: other schemes, relative ones, names with passwords. */
export function safeAddress(address: string): string | undefined {
  let url: URL;
  try {
    url = new URL(address); // without a base: what is relative would point at this server
  } catch {
    return undefined;
  }
  if (!SCHEMES.has(url.protocol) || url.username !== "" || url.password !== "") return undefined;
  return url.href;
}

/** Where a link goes, as people check it: the host as it is really written, and the start of the path. */
export function shownAddress(address: string): string {
  const url = new URL(address);
  const text = url.protocol === "mailto:" ? url.pathname : url.host + (url.pathname === "/" ? "" : url.pathname) + url.search;
  return text.length > 64 ? `${text.slice(0, 63)}…` : text;
}
