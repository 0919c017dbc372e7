#!/usr/bin/env python3
"""Adze and llama-server with many users at once, in turns (A B A B …), on the same file with the same requests.

Every user asks one question after the other and reads the answer as it comes. Prompts and answers have mixed lengths,
the same for both. A figure is the median over rounds, a ratio the median of the ratios of the rounds; "first token" is
the 50th and 99th percentile over all requests of all rounds.

  bench/serving/throughput.py MODEL.gguf [--users 8,32] [--rounds 5] [--json FILE]
"""
import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clients import Connection, completion_request
from servers import LLAMA_SERVER, AdzeServer, LlamaServer

CONTEXT = 1024  # tokens for each user
WORDS = "the of and to in is was for on as with by at from that this it are be or an which not have had they you his her".split()


def requests_of(users, requests, seed):
    """For each user a list of (prompt, tokens of the answer). No two prompts begin alike."""
    numbers = random.Random(seed)
    def prompt():
        return " ".join(numbers.choice(WORDS) for _ in range(numbers.choice((20, 60, 120, 240))))
    return [[(prompt(), numbers.choice((16, 48, 96))) for _ in range(requests)] for _ in range(users)]


async def ask_all(port, work):
    """(tokens of answers, seconds to the first token of each)"""
    async def user(requests):
        heard = []
        for prompt, tokens in requests:
            async with Connection(port) as connection:  # a new one: llama-server closes idle ones early
                heard.append((await connection.hear("/completion", completion_request(prompt, tokens)), tokens))
        return heard
    answers = [heard for of_user in await asyncio.gather(*map(user, work)) for heard in of_user]
    return sum(tokens for _, tokens in answers), [heard.first for heard, _ in answers]


def measure(server, work):
    start, busy = time.monotonic(), server.processor_seconds()
    tokens, firsts = asyncio.run(ask_all(server.port, work))
    seconds = time.monotonic() - start
    return {"tokens_per_second": tokens / seconds, "processor_seconds": server.processor_seconds() - busy, "first": firsts}


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def compare(model, users, rounds, threads):
    servers = [AdzeServer(model, users, CONTEXT, threads), LlamaServer(model, users, CONTEXT, threads)]
    figures = {server.name: [] for server in servers}
    try:
        for server in servers:  # memory becomes real, files are read
            measure(server, requests_of(users, 1, seed=0))
        for turn in range(rounds):
            work = requests_of(users, 3, seed=turn + 1)
            for server in servers:
                figures[server.name].append(measure(server, work))
    finally:
        for server in servers:
            server.stop()
    return figures


def row(users, figures):
    def median(name, key):
        return statistics.median(each[key] for each in figures[name])
    def first(name, part):
        return percentile([value for each in figures[name] for value in each["first"]], part)
    def ratio(key):
        return statistics.median(ours[key] / theirs[key] for ours, theirs in zip(figures["adze"], figures["llama-server"]))
    cells = [users]
    for name in ("adze", "llama-server"):
        cells += [f"{median(name, 'tokens_per_second'):.0f}", f"{first(name, 0.5):.2f} / {first(name, 0.99):.2f} s"]
    return [*cells, f"{ratio('tokens_per_second'):.2f}x", f"{1 / ratio('processor_seconds'):.2f}x"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--users", default="8,32", help="numbers of users, with commas between them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where to keep every figure")
    options = parser.parse_args()
    if not LLAMA_SERVER.exists():
        sys.exit(f"{LLAMA_SERVER} is missing; `make peers` builds it")
    kept = {}
    print("| users | adze t/s | first token p50 / p99 | llama-server t/s | first token p50 / p99 | throughput | per processor second |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for users in map(int, options.users.split(",")):
        kept[users] = compare(options.model, users, options.rounds, options.threads)
        print("| " + " | ".join(map(str, row(users, kept[users]))) + " |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
