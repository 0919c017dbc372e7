#!/usr/bin/env python3
"""How the time of a token grows with the context behind it and with the sequences beside it, as a table and a drawing.

  bench/cost_growth.py model.gguf --threads 2 --out docs/cost_growth.svg
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 420, 280  # of one panel, in pixels
LEFT, RIGHT, TOP, BOTTOM = 60, 15, 40, 45
TICKS = 4


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--depths", type=numbers, default=[0, 1024, 2048, 4096, 8192, 16384, 32768])
    parser.add_argument("--batches", type=numbers, default=[1, 2, 4, 8, 16])
    parser.add_argument("--generate", type=int, default=32, help="tokens of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--kv", default="f16")
    parser.add_argument("--adze", default=str(ROOT / "build" / "release" / "adze"))
    parser.add_argument("--out", default="cost_growth.svg")
    return parser.parse_args()


def measure(options, depths, batches):
    """[(depth, batch, milliseconds of one step for all sequences)]"""
    command = [options.adze, "bench", options.model, "-p", 0, "-n", options.generate, "-r", options.rounds, "-t",
               options.threads, "--kv", options.kv, "-d", ",".join(map(str, depths)), "-b", ",".join(map(str, batches)),
               "--json"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return [(row["depth"], row["batch"], 1000 * row["batch"] / row["generated_tokens_per_second"])
            for row in json.loads(done.stdout)["results"]]


def print_table(title, points, per):
    """One line per point, with what the step costs per unit more than the point before."""
    print(f"{title:>8}  {'one step':>12}  {'grows by':>16}")
    before = None
    for x, milliseconds in points:
        growth = ""
        if before and x > before[0]:
            growth = f"{1000 * (milliseconds - before[1]) / (x - before[0]):.2f} us per {per}"
        print(f"{x:>8}  {milliseconds:>9.2f} ms  {growth:>16}")
        before = (x, milliseconds)
    print()


def text(x, y, words, anchor="middle", size=12):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">{words}</text>'


def panel(left, title, label, points):
    """A line through the points, from zero in both directions."""
    largest_x, largest_y = max(x for x, _ in points) or 1, max(y for _, y in points) * 1.1
    def place(x, y):
        return (left + LEFT + x / largest_x * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - y / largest_y * (HEIGHT - TOP - BOTTOM))
    parts = [text(left + WIDTH / 2, 22, title, size=14), text(left + WIDTH / 2, HEIGHT - 8, label)]
    for tick in range(TICKS + 1):
        x, y = largest_x * tick / TICKS, largest_y * tick / TICKS
        (at_x, bottom), (start, at_y) = place(x, 0), place(0, y)
        parts.append(f'<line x1="{start:.0f}" y1="{at_y:.0f}" x2="{left + WIDTH - RIGHT}" y2="{at_y:.0f}" stroke="#ddd"/>')
        parts += [text(at_x, bottom + 16, f"{x:.0f}"), text(start - 6, at_y + 4, f"{y:.3g}", "end")]
    placed = [place(x, y) for x, y in points]
    parts.append('<polyline fill="none" stroke="#1f6feb" stroke-width="2" points="'
                 + " ".join(f"{x:.1f},{y:.1f}" for x, y in placed) + '"/>')
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f6feb"/>' for x, y in placed]
    return "\n".join(parts)


def drawing(panels):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(panels)}" height="{HEIGHT}" '
            f'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(panels) + "\n</svg>\n")


def main():
    options = parse_arguments()
    by_depth = [(depth, step) for depth, _, step in measure(options, options.depths, [1])]
    by_batch = [(batch, step) for _, batch, step in measure(options, [0], options.batches)]
    print_table("context", by_depth, "token")
    print_table("batch", by_batch, "sequence")
    Path(options.out).write_text(drawing([panel(0, "One token behind a context", "tokens in the context", by_depth),
                                          panel(WIDTH, "One token of each sequence", "sequences side by side", by_batch)]))
    print(f"drawn in {options.out}: milliseconds of one step")


if __name__ == "__main__":
    main()
