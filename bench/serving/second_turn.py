#!/usr/bin/env python3
"""How much sooner the second turn of a long chat is answered than the first: its history is in the cache of prefixes.

  bench/serving/second_turn.py MODEL.gguf [--tokens 2000] [--rounds 5]

Each round is a new conversation; the figure is the median of the rounds' ratios of times to the first token.
"""
import argparse
import asyncio
import random
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clients import Connection, completion_request
from servers import AdzeServer
from throughput import WORDS


async def first_token_seconds(port, turn_tokens, rounds):
    pairs = []
    async with Connection(port) as connection:
        for turn in range(rounds):
            numbers = random.Random(turn)
            history = " ".join(numbers.choice(WORDS) for _ in range(turn_tokens))
            first = await connection.hear("/completion", completion_request(history, 32))
            second = await connection.hear("/completion", completion_request(history + first.text + " and then, they said,", 32))
            pairs.append((first.first, second.first))
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=2000, help="words of the first turn, about a token each")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    server = AdzeServer(options.model, 4, 2 * options.tokens, options.threads)
    try:
        pairs = asyncio.run(first_token_seconds(server.port, options.tokens, options.rounds))
    finally:
        server.stop()
    ratio = statistics.median(second / first for first, second in pairs)
    print(f"first turn {statistics.median(first for first, _ in pairs):.3f} s, second "
          f"{statistics.median(second for _, second in pairs):.3f} s to the first token: {ratio * 100:.1f} %")


if __name__ == "__main__":
    main()
