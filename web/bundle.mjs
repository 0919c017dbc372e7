// Bundles src/ into one HTML document and writes the policy under which browsers run it.
// usage: node bundle.mjs FOLDER     writes page.html and page.policy there
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));

/** The text of one entry point with all that it imports, and the packages that took part. */
async function bundled(entry) {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [join("src", entry)],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const packages = Object.keys(result.metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return { text: inline(result.outputFiles[0].text.trim()), packages: packages.filter(Boolean) };
}

/** Their licences, as a remark. */
async function licences(packages) {
  const texts = await Promise.all(packages.map(async (name) => {
    const folder = join(root, "node_modules", name);
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    return `${name}\n\n${(await readFile(join(folder, file), "utf8")).trim()}`;
  }));
  return `<!--\nThis page holds parts of the following.\n\n${texts.join("\n\n----\n\n").replaceAll("--", "- -")}\n-->\n`;
}

/** What a policy calls a script or style that stands in the document. */
const digest = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The end tag must not stand inside; in strings and comments of scripts the backslash changes nothing. */
const inline = (text) => text.replaceAll("</script", "<\\/script").replaceAll("</style", "<\\/style");

function policy(script, style) {
  return [
    "default-src 'none'",
    `script-src ${digest(script)}`,
    `style-src ${digest(style)}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

const folder = process.argv[2];
if (!folder) throw new Error("usage: node bundle.mjs FOLDER");
try {
  const [{ text: script, packages }, { text: style }] = await Promise.all([bundled("main.tsx"), bundled("styles/all.css")]);
  const remark = await licences([...new Set(packages)].sort());
  const frame = await readFile(join(root, "src", "index.html"), "utf8");
  // Functions, because $ means something in a text that replaces.
  const page = frame.replace("/*style*/", () => style).replace("/*script*/", () => script);
  await writeFile(join(folder, "page.html"), page + remark);
  await writeFile(join(folder, "page.policy"), `${policy(script, style)}\n`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
