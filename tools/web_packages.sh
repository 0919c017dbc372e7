#!/usr/bin/env bash
# Installs the npm packages that the server's web page is bundled from into web/node_modules, where npm is there, and
# writes to build/web_packages.txt whether they are. Builds read that file and never use the network themselves.
# usage: tools/web_packages.sh [again]
#   A failure is remembered until package-lock.json changes; `again` tries once more.
set -euo pipefail
cd "$(dirname "$0")/.."

state=build/web_packages.txt
lock=$(sha256sum web/package-lock.json | cut -d ' ' -f 1)

note() {  # note STATE REASON : the file keeps its time when nothing changed, so nothing is built again
  local line="$1 $lock $2"
  mkdir -p build
  [ -f "$state" ] && [ "$(cat "$state")" = "$line" ] || echo "$line" >"$state"
}

known=$(cut -d ' ' -f 1-2 "$state" 2>/dev/null || true)
[ "$known" = "installed $lock" ] && [ -d web/node_modules/esbuild ] && exit 0
[ "$known" = "missing $lock" ] && [ "${1:-}" != again ] && exit 0

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  note missing "there is no npm; install Node.js 18 or later with npm, then run make page"
  exit 0
fi
echo "setup: installing the web page's packages into web/node_modules"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if npm ci --prefix web --prefer-offline --fetch-retries 0 --fetch-timeout 30000 >"$log" 2>&1 </dev/null; then
  note installed "by npm"
else
  tail -n 3 "$log" >&2
  echo "setup: npm could not install them; the server is built without its web page (make page tries again)" >&2
  note missing "npm could not install its packages; run make page to try again"
fi
