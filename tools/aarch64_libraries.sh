#!/usr/bin/env bash
# Unpacks the libraries that Adze links, built for AArch64, into build/aarch64-libraries, from the same distribution as
# this machine's. Nothing is installed: neither the package database nor the other architecture's packages change.
set -euo pipefail
cd "$(dirname "$0")/.."

arm64_libraries=(libfmt-dev libfmt9 nlohmann-json3-dev libpcre2-dev libpcre2-8-0 libutf8proc-dev libutf8proc2
  libcli11-dev libboost1.81-dev zlib1g-dev zlib1g libsqlite3-dev libsqlite3-0 libssl-dev libssl3 libprotozero-dev libpugixml-dev libpugixml1v5
  libjpeg62-turbo-dev libjpeg62-turbo libpng-dev libpng16-16
  libgtest-dev libgmock-dev)
folder=$PWD/build/aarch64-libraries
contents="${arm64_libraries[*]}, all in usr/lib"

[ "$(cat "$folder/.complete" 2>/dev/null)" = "$contents" ] && exit 0
echo "setup: fetching libraries for AArch64"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache,debs}
log=$work/log

arm64_apt() {
  apt-get -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User="$(id -un)" \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::State::status=/dev/null "$@"
}
if ! { arm64_apt update && cd "$work/debs" && arm64_apt download "${arm64_libraries[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  echo "setup: apt-get could not fetch for arm64: ${arm64_libraries[*]}" >&2
  exit 1
fi

rm -rf "$folder"
mkdir -p "$folder"
for package in *.deb; do dpkg -x "$package" "$folder"; done
# One folder for all, where programs look: some packages unpack into /lib, which Debian has as a link to /usr/lib.
cp -a "$folder"/lib/. "$folder"/usr/lib/
rm -rf "${folder:?}/lib" && ln -s usr/lib "$folder/lib"
# Links to absolute paths would lead out of the folder.
find "$folder" -lname '/*' -printf '%p\t%l\n' | while IFS=$'\t' read -r link target; do ln -sfnr "$folder$target" "$link"; done
echo "$contents" >"$folder/.complete"
