// The web page in Chromium against running servers.
// usage: ADZE_PEERS=… ADZE_CHROMIUM=… node page_test.mjs SERVERS [CASE]     SERVERS: JSON, by tests/peers/web_page_peer.py
import { launch } from "./browser.mjs";
import { chatCases } from "./chat_cases.mjs";
import { run } from "./checks.mjs";
import { safetyCases } from "./safety_cases.mjs";
import { viewCases } from "./view_cases.mjs";

const [servers, only] = process.argv.slice(2);
const browser = await launch();
const server = JSON.parse(servers);
for (const cases of [chatCases, safetyCases, viewCases]) cases(browser, server);
const failed = await run(only);
await browser.close();
process.exit(failed > 0 ? 1 : 0);
