"""The rounds of bench/peers.py: who runs when, and what is kept of it."""
import contextlib
import dataclasses
import statistics
import subprocess

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


def speed_rows(cases, adze, peers, options):
    for case in cases:
        prompt = Row(case, f"prompt {options.prompt}", {engine.name: [] for engine in [adze, *peers]})
        generation = Row(case, f"generate {options.generate}", {engine.name: [] for engine in [adze, *peers]})
        for _ in range(options.rounds):
            before = adze.probe(case)
            for index, engine in enumerate([adze, *peers]):
                speeds = engine.speeds(case, options.prompt, options.generate)
                if index == 0:
                    generation.probes.append((before + adze.probe(case)) / 2)
                prompt.figures[engine.name].append(speeds.prompt)
                generation.figures[engine.name].append(speeds.generation)
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
