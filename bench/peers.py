#!/usr/bin/env python3
"""Adze and llama.cpp on the same GGUF files with the same threads, in turns (A B A B …); prints ratios as N.NNx.

Every round reads memory for a moment, runs Adze, reads memory again and runs each peer, so that whatever else happens
on the machine happens to all. Figures are medians over rounds, a ratio is the median of the ratios of the rounds, and
± is half the way from the slowest to the fastest round. "others" is the largest part of the processors that other
programs used in a round: figures with more than a few percent there say little. "of probe" is what part of the read
bandwidth that was just probed a generation's weights come to.

  bench/peers.py                      every file of the cache at 1 and 2 threads, --deep ones also with long contexts
  bench/peers.py --quick              two rounds, short texts, no long contexts
  bench/peers.py --files a.gguf,b.gguf --threads 2 --depths 0,4096 --kv f16,q8_0
  bench/peers.py --busy               generation beside two busy processes against an idle machine
  bench/peers.py --start              the time from starting the program to its end with one token
"""
import argparse
import datetime
import re
import subprocess
import sys
from pathlib import Path

from peer_engines import Adze, Case, IkLlamaBench, LlamaBench, find_ik_llama, missing_peer
from peer_tables import busy_table, speed_table, start_table
from peer_work import busy_rows, speed_rows, start_rows

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path.home() / ".cache" / "adze" / "models"
SHAPES = {"llama-1b": ("Q4_0", "Q4_K_M", "Q8_0", "Q6_K", "F16"), "smollm2-135m": ("Q4_0", "Q4_K_M", "Q8_0")}
DEEP = ("llama-1b.Q4_0.gguf", "smollm2-135m.Q4_0.gguf")


def numbers(text):
    return [int(word) for word in text.split(",")]


def words(text):
    return text.split(",")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=words, help="GGUF files, separated by commas; default: random weights of two "
                        "shapes in the cache, which are made where they are missing")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--depths", type=numbers, help="context before prompt and generation; default: 0, and 4096 for "
                        "two of the files")
    parser.add_argument("--kv", type=words, help="storage of keys and values; default: f16, and q8_0 with a depth")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512, help="tokens; 0: leave the prompt out")
    parser.add_argument("--generate", type=int, default=128, help="tokens; 0: leave the generation out")
    parser.add_argument("--quick", action="store_true", help="two rounds of 128 and 32 tokens, depth 0")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--adze", default=str(ROOT / "build" / "release" / "adze"))
    parser.add_argument("--llama", default=str(ROOT / "build" / "peers" / "llama.cpp" / "build" / "bin"),
                        help="folder with llama.cpp's programs")
    parser.add_argument("--ik", default=find_ik_llama(ROOT), help="llama-bench of ik_llama.cpp, for a further column")
    parser.add_argument("--out", help="where the table is kept; default: bench/results/peers-<machine>-<date>.txt; "
                        "'-': nowhere")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.prompt, options.generate = min(options.rounds, 2), 128, 32
        options.depths = options.depths or [0]
    return options


def default_files(adze):
    for shape, types in SHAPES.items():
        for name in types:
            path = CACHE / f"{shape}.{name}.gguf"
            if not path.exists():
                CACHE.mkdir(parents=True, exist_ok=True)
                print(f"making {path.name}", file=sys.stderr)
                adze.run("make-model", path, "--shape", shape, "--type", name)
    made = re.compile("|".join(map(re.escape, SHAPES)))
    return sorted(path for path in CACHE.glob("*.gguf") if made.match(path.name))


def cases_of(options, adze):
    cases = []
    for path in [Path(name) for name in options.files] if options.files else default_files(adze):
        for depth in options.depths or ([0, 4096] if path.name in DEEP else [0]):
            for kv in options.kv or (["f16", "q8_0"] if depth else ["f16"]):
                cases += [Case(path, threads, depth, kv) for threads in options.threads]
    return cases


def header(adze, peers, options):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    load = " ".join(Path("/proc/loadavg").read_text().split()[:3])
    lines = [f"date       {datetime.datetime.now():%Y-%m-%d %H:%M}", f"machine    {adze.machine}",
             f"adze       {commit.stdout.strip()}"]
    lines += [f"{peer.name:<10} {peer.version()}" for peer in peers]
    lines += [f"rounds     {options.rounds}; prompt {options.prompt}, generation {options.generate} tokens; "
              f"load before {load}", ""]
    return "\n".join(lines)


def results_path(options, adze):
    slug = re.sub(r"[^a-z0-9]+", "-", adze.machine.lower()).strip("-")
    kind = "-busy" if options.busy else "-start" if options.start else ""
    return ROOT / "bench" / "results" / f"peers{kind}-{slug}-{datetime.date.today()}.txt"


def measured_table(options, adze, peers):
    """Yields the table again after every row, so that a run that is stopped keeps what it has."""
    if options.busy:
        work, show = busy_rows(cases_of(options, adze), [adze, *peers], options), busy_table
    elif options.start:
        work, show = start_rows(cases_of(options, adze), [adze, *peers], options), start_table
    else:
        work, show = speed_rows(cases_of(options, adze), adze, peers, options), speed_table
    rows = []
    for row in work:
        rows.append(row)
        yield show(rows, [peer.name for peer in peers])


def main():
    options = parse_arguments()
    adze = Adze(options.adze)
    llama = LlamaBench("llama.cpp", options.llama)
    complaint = missing_peer(adze, llama)
    if complaint:
        sys.exit(complaint)
    peers = [llama] + ([IkLlamaBench("ik_llama.cpp", Path(options.ik).parent)] if options.ik else [])
    top = header(adze, peers, options)
    print(top)
    path = Path(options.out) if options.out else results_path(options, adze)
    shown = 0
    table = ""
    for table in measured_table(options, adze, peers):
        lines = table.splitlines()
        print("\n".join(lines[shown:]), flush=True)
        shown = len(lines)
        if options.out != "-":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(top + "\n" + table + "\n")
    if table and options.out != "-":
        print(f"\nkept in {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, KeyboardInterrupt) as error:
        sys.exit(str(error) or "stopped")
