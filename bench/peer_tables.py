"""Rows of bench/peers.py as text. Columns have fixed widths, because rows come one by one."""


def aligned(columns, lines):
    """`columns`: (title, width); a negative width stands at the left."""
    def line(cells):
        return "  ".join(f"{cell:<{-width}}" if width < 0 else f"{cell:>{width}}"
                         for cell, (_, width) in zip(cells, columns)).rstrip()
    titles = line([title for title, _ in columns])
    return "\n".join([titles, "-" * len(titles), *map(line, lines)])


def key_columns(rows):
    widest = max(len(row.case.file.name) for row in rows)
    return [("File", -max(28, widest)), ("Threads", 7), ("Depth", 5), ("KV", -4), ("Test", -13)]


def key_cells(row):
    case = row.case
    return [case.file.name, case.threads, case.depth, case.kv, row.test]


def figure(row, engine):
    return f"{row.median(engine):.1f} ± {row.spread(engine):.1f}" if row.has(engine) else "-"


def ratio(row, peer):
    return f"{row.ratio(peer):.2f}x" if row.has(peer) else "-"


def part_of(row, idle, engine):
    return f"{row.median(engine) / idle.median(engine) * 100:.1f} %" if row.has(engine) else "-"


def speed_table(rows, peers):
    columns = key_columns(rows) + [("adze t/s", 14)]
    for peer in peers:
        columns += [(f"{peer} t/s", 16), ("ratio", 6)]
    columns += [("others", 6), ("probe GB/s", 10), ("of probe", 8)]
    lines = []
    for row in rows:
        cells = key_cells(row) + [figure(row, "adze")]
        for peer in peers:
            cells += [figure(row, peer), ratio(row, peer)]
        known = [share for share in row.others if share is not None]
        cells.append(f"{max(known) * 100:.0f} %" if known else "-")
        if row.probes:
            probe = sum(row.probes) / len(row.probes)
            cells += [f"{probe * 1e-9:.1f}", f"{row.part_of_probe() * 100:.0f} %"]
        lines.append(cells)
    return aligned(columns, lines)


def busy_table(rows, peers):
    engines = ["adze", *peers]
    columns = key_columns(rows)
    for engine in engines:
        columns += [(f"{engine} t/s", 16), ("of idle", 7)]
    idle = {row.case: row for row in rows if row.test == "idle"}
    lines = []
    for row in rows:
        cells = key_cells(row)
        for engine in engines:
            cells += [figure(row, engine), part_of(row, idle[row.case], engine)]
        lines.append(cells)
    return aligned(columns, lines)


def start_table(rows, peers):
    columns = key_columns(rows) + [("adze ms", 14)]
    for peer in peers:
        columns += [(f"{peer} ms", 16), ("ratio", 6)]
    lines = []
    for row in rows:
        milliseconds = type(row)(row.case, row.test, {name: [s and 1000 * s for s in seconds]
                                                      for name, seconds in row.figures.items()})
        cells = key_cells(row) + [figure(milliseconds, "adze")]
        for peer in peers:
            cells += [figure(milliseconds, peer), f"{1 / row.ratio(peer):.2f}x" if row.has(peer) else "-"]
        lines.append(cells)
    return aligned(columns, lines)
