#!/usr/bin/env python3
"""A server under load for some minutes, and whether it comes through: every finished answer is the one given alone, no
crash, no growth of memory.

  bench/serving/soak.py MODEL.gguf [--minutes 10] [--chats 64] [--idle 1000]

While `--chats` users hold conversations of mixed lengths, `--idle` further connections hold streams open, and others go
away in mid-answer, read nothing, send garbage, or send slowly. ADZE in the environment names another program, one with a
sanitizer for example. Exit status 1 when something is not as it should be.
"""
import argparse
import asyncio
import dataclasses
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clients import Connection, completion_request, request_bytes
from servers import AdzeServer
from throughput import WORDS, percentile

CONTEXT = 2048
CONVERSATIONS = 48  # different ones, so that all answers can be computed alone first
GARBAGE = (b"\x00" * 500, b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nA b\r\n\r\n", b"POST /completion HTTP/1.1\r\nContent-Length: 9\r\n\r\n{\"prompt\"",
           b"POST /completion HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", b"\xff" * 4000)
SETTLING_PART = 0.2  # of the time, before memory is expected to stay


@dataclasses.dataclass
class Tally:
    answers: int = 0
    tokens: int = 0
    wrong: int = 0
    vanished: int = 0
    stalled: int = 0
    garbage: int = 0
    refused: int = 0
    firsts: list = dataclasses.field(default_factory=list)
    memory: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)


def conversation(number):
    """Turns of (what is added to the history, tokens of the answer)."""
    numbers = random.Random(number)
    def said():
        return " ".join(numbers.choice(WORDS) for _ in range(numbers.choice((5, 30, 100, 300))))
    return [(f"{number}. {said()}" if turn == 0 else " " + said(), numbers.choice((8, 24, 64, 128)))
            for turn in range(numbers.choice((1, 2, 3)))]


async def hold(connection, turns):
    """The answers of a conversation, one for each turn."""
    history, heard = "", []
    for said, tokens in turns:
        history += said
        answer = await connection.hear("/completion", completion_request(history, tokens))
        history += answer.text
        heard.append(answer)
    return heard


async def answers_alone(port):
    async with Connection(port) as connection:
        return [[answer.text for answer in await hold(connection, conversation(number))] for number in range(CONVERSATIONS)]


async def chat(port, seed, alone, tally, until):
    numbers = random.Random(seed)
    while time.monotonic() < until:
        number = numbers.randrange(CONVERSATIONS)
        try:
            async with Connection(port) as connection:
                heard = await hold(connection, conversation(number))
        except (OSError, RuntimeError, asyncio.IncompleteReadError) as error:
            tally.problems.append(f"conversation {number}: {error!r}")
            continue
        tally.answers += len(heard)
        tally.tokens += sum(tokens for _, tokens in conversation(number))
        tally.firsts += [answer.first for answer in heard]
        tally.wrong += [answer.text for answer in heard] != alone[number]


async def vanish(port, seed, tally, until):
    """Goes away somewhere in an answer."""
    numbers = random.Random(seed)
    while time.monotonic() < until:
        async with Connection(port) as connection:
            await connection.begin("/completion", completion_request("vanishing " * numbers.randrange(1, 50), 500))
            await asyncio.sleep(numbers.random() * 2)
        tally.vanished += 1
        await asyncio.sleep(numbers.random())


async def stall(port, tally, until):
    """Asks and reads nothing; asks slowly."""
    body = request_bytes("/completion", completion_request("stalling", 200))
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        reader._transport.pause_reading()
        for piece in (body[:20], body[20:40], body[40:]):
            writer.write(piece)
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        writer.close()
        tally.stalled += 1


async def babble(port, seed, tally, until):
    numbers = random.Random(seed)
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(numbers.choice(GARBAGE))
        try:
            answer = await asyncio.wait_for(reader.read(2000), 3)
            if answer and not answer.startswith(b"HTTP/1.1 4"):
                tally.problems.append(f"garbage was answered {answer[:60]}")
        except (OSError, asyncio.TimeoutError):
            pass
        writer.close()
        tally.garbage += 1
        await asyncio.sleep(numbers.random())


async def idle_streams(port, count, tally, until):
    """Connections that have streamed something, and stay; at the end each must stream once more."""
    async def one(number):
        async with Connection(port) as connection:
            await connection.hear("/completion", completion_request(f"idle {number % 7}", 2))
            opened[0] += 1
            await asyncio.sleep(max(0, until - time.monotonic()) + number % 10)
            await connection.hear("/completion", completion_request(f"idle {number % 7}", 2))
    opened = [0]
    results = await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)
    failures = [result for result in results if result is not None]
    if failures:
        tally.problems.append(f"{len(failures)} of {count} idle streams broke: {failures[0]!r}")


async def watch_memory(server, tally, until):
    while time.monotonic() < until:
        tally.memory.append(server.resident_bytes())
        await asyncio.sleep(2)


async def soak(server, options):
    alone = await answers_alone(server.port)
    until = time.monotonic() + options.minutes * 60
    tally = Tally()
    await asyncio.gather(
        watch_memory(server, tally, until), idle_streams(server.port, options.idle, tally, until),
        *(chat(server.port, seed, alone, tally, until) for seed in range(options.chats)),
        *(vanish(server.port, seed, tally, until) for seed in range(4)),
        *(stall(server.port, tally, until) for _ in range(4)),
        *(babble(server.port, seed, tally, until) for seed in range(2)))
    return tally


def growth(memory):
    """How much more the last third after settling holds than the first, as a part."""
    settled = memory[int(len(memory) * SETTLING_PART):]
    third = max(1, len(settled) // 3)
    return (sum(settled[-third:]) / third) / (sum(settled[:third]) / third) - 1


def start_server(options, folder):
    config = Path(folder) / "server.json"
    config.write_text('{"limits": {"connections": 4000, "idle_seconds": 3600, "header_seconds": 5, "write_seconds": 20}}')
    return AdzeServer(options.model, options.running, CONTEXT, options.threads, "--config", config)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--chats", type=int, default=64)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--running", type=int, default=64, help="requests that the server computes at once")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(options, folder)
        started = time.monotonic()
        try:
            tally = asyncio.run(soak(server, options))
        finally:
            files = len(os.listdir(f"/proc/{server.process.pid}/fd")) if server.process.poll() is None else -1
            status = server.stop()
    minutes = (time.monotonic() - started) / 60
    grown = growth(tally.memory)
    print(f"{minutes:.1f} minutes: {tally.answers} answers, {tally.tokens} tokens, {tally.wrong} conversations unlike those alone; "
          f"first token p50 {percentile(tally.firsts, 0.5):.2f} s, p99 {percentile(tally.firsts, 0.99):.2f} s")
    print(f"{tally.vanished} vanished, {tally.stalled} stalled, {tally.garbage} times garbage, {options.idle} idle streams; "
          f"memory {tally.memory[0] >> 20} MiB at first, {tally.memory[-1] >> 20} at last, last third against first {grown * 100:+.1f} %; "
          f"{files} files open at the end, exit status {status}")
    for problem in tally.problems[:20]:
        print("problem:", problem)
    sys.exit(bool(tally.wrong or tally.problems or status or grown > 0.05))


if __name__ == "__main__":
    main()
