// Bundles the tests beside the sources and runs them with Node's own runner.
// usage: node run_tests.mjs FOLDER     for what is bundled
import { spawnSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
if (!folder) throw new Error("usage: node run_tests.mjs FOLDER");

const names = (await readdir(join(root, "src"), { recursive: true })).filter((name) => /_test\.tsx?$/.test(name));
await build({
  absWorkingDir: root,
  entryPoints: names.map((name) => join("src", name)),
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "error",
});
const made = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".mjs")).map((name) => join(folder, name));
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...made], { stdio: "inherit" });
process.exit(status ?? 1);
