#!/usr/bin/env bash
# Installs the Debian packages a job needs, and only those that are missing.
# usage: tools/setup.sh [build|clang|aarch64|peers]...
#   build: compile and test; clang: lint, sanitizers, fuzzing; aarch64: compile for 64-bit Arm and run what came out; peers: cases of others that tests compare with
set -euo pipefail

build_packages=(cmake ninja-build ccache g++ pkg-config python3 python3-venv
  libfmt-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev libcli11-dev zlib1g-dev libsqlite3-dev libssl-dev
  libcurl4-openssl-dev openssl libboost1.81-dev libprotozero-dev libpugixml-dev libjpeg62-turbo-dev libpng-dev libgtest-dev libgmock-dev)
clang_packages=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev)
aarch64_packages=(g++-aarch64-linux-gnu qemu-user)
peers_packages=(libonnx-testdata chromium systemd)

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build) wanted+=("${build_packages[@]}") ;;
    clang) wanted+=("${clang_packages[@]}") ;;
    aarch64) wanted+=("${aarch64_packages[@]}") ;;
    peers) wanted+=("${peers_packages[@]}") ;;
    *) echo "setup: unknown group '$group' (build, clang, aarch64, peers)" >&2; exit 2 ;;
  esac
done

# The server's web page is an extra: where npm is missing or has no network, the build says so and leaves it out.
case " ${*:-build} " in *" build "*) "$(dirname "$0")/web_packages.sh" ;; esac

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian system; install the equivalents of: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0

echo "setup: installing ${missing[*]}"
if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
  echo "setup: needs root or sudo; install these packages and run again: ${missing[*]}" >&2
  exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}
# A fresh machine has no package lists, an old one has lists that name files no longer served.
if ! { as_root apt-get update && install; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  echo "setup: apt-get could not install: ${missing[*]}" >&2
  exit 1
fi
