"""The rounds of bench/peers.py: who runs when, and what is kept of it."""
import contextlib
import dataclasses
import os
import resource
import statistics
import subprocess
import time
from pathlib import Path

from peer_engines import Case

BUSY_PROCESSES = 2


@dataclasses.dataclass
class Row:
    """One line of a table: figures of every engine, by name, one per round."""
    case: Case
    test: str
    figures: dict
    probes: list = dataclasses.field(default_factory=list)  # bytes per second
    weight_bytes: int = 0
    others: list = dataclasses.field(default_factory=list)  # part of the processors that others used, per round

    def has(self, engine):
        return None not in self.figures[engine]

    def median(self, engine):
        return statistics.median(self.figures[engine])

    def spread(self, engine):
        return (max(self.figures[engine]) - min(self.figures[engine])) / 2

    def ratio(self, peer):
        """How many times the peer's figure ours is: the median over rounds."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.figures["adze"], self.figures[peer]))

    def part_of_probe(self):
        rates = [tokens * self.weight_bytes / probe for tokens, probe in zip(self.figures["adze"], self.probes)]
        return statistics.median(rates)


class Neighbours:
    """What part of all processors others use from here on; None where the system does not say."""

    def __init__(self):
        self.start = self._now()

    @staticmethod
    def _now():
        try:
            fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        except OSError:
            return None
        idle_and_waiting = fields[3] + fields[4]
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = (sum(fields[:8]) - idle_and_waiting) / os.sysconf("SC_CLK_TCK")
        return busy - own.ru_utime - own.ru_stime, time.monotonic()

    def share(self):
        now = self._now()
        if not now or not self.start:
            return None
        seconds = max(now[1] - self.start[1], 1e-9)
        return max(0.0, (now[0] - self.start[0]) / seconds / (os.cpu_count() or 1))


def one_round(case, adze, peers, options):
    """Speeds by engine, the probe around our run, and what others used meanwhile."""
    neighbours = Neighbours()
    before = adze.probe(case)
    speeds = {adze.name: adze.speeds(case, options.prompt, options.generate)}
    probe = (before + adze.probe(case)) / 2
    for peer in peers:
        speeds[peer.name] = peer.speeds(case, options.prompt, options.generate)
    return speeds, probe, neighbours.share()


def speed_rows(cases, adze, peers, options):
    for case in cases:
        names = [adze.name] + [peer.name for peer in peers]
        prompt = Row(case, f"prompt {options.prompt}", {name: [] for name in names})
        generation = Row(case, f"generate {options.generate}", {name: [] for name in names})
        for _ in range(options.rounds):
            speeds, probe, others = one_round(case, adze, peers, options)
            for name in names:
                prompt.figures[name].append(speeds[name].prompt)
                generation.figures[name].append(speeds[name].generation)
            generation.probes.append(probe)
            prompt.others.append(others)
            generation.others.append(others)
        generation.weight_bytes = adze.weight_bytes[case.file]
        if options.prompt:
            yield prompt
        if options.generate:
            yield generation


@contextlib.contextmanager
def busy_machine():
    """Processes that do nothing as fast as they can."""
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(BUSY_PROCESSES)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def busy_rows(cases, engines, options):
    for case in cases:
        idle = Row(case, "idle", {engine.name: [] for engine in engines})
        busy = Row(case, f"beside {BUSY_PROCESSES} busy", {engine.name: [] for engine in engines})
        for _ in range(options.rounds):
            for engine in engines:
                idle.figures[engine.name].append(engine.speeds(case, 0, options.generate).generation)
            with busy_machine():
                for engine in engines:
                    busy.figures[engine.name].append(engine.speeds(case, 0, options.generate).generation)
        yield idle
        yield busy


def start_rows(cases, engines, options):
    for case in cases:
        row = Row(case, "one token", {engine.name: [] for engine in engines})
        for engine in engines:
            engine.seconds_to_one_token(case)  # brings the file into the page cache
        for _ in range(options.rounds):
            for engine in engines:
                row.figures[engine.name].append(engine.seconds_to_one_token(case))
        yield row
