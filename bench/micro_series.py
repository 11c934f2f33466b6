"""Cost of metric series without a database: `python bench/micro_series.py`.

Each number is the best of several repeats on the calling thread, as nanoseconds per point; sizes are the bytes of
codec payloads, without database pages. Points: 20 keys or 1, float32 losses with noise, a step about every 100 ms.
"""

import timeit
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from runyard.store.sql.series.chart import bucketed, items_by_step, points_by_step
from runyard.store.sql.series.codec import RAW, Chunk, decode, encode
from runyard.store.sql.series.compaction import plan
from runyard.store.sql.series.fold import fold
from runyard.store.sql.series.history import Cursor, HistoryReader, Load, Span, merge_series
from runyard.store.sql.series.overview import read_overviews
from runyard.store.sql.series.points import Columns, no_points, pack, unpack
from runyard.store.sql.series.sample import sample_series

KEYS = 20


def main() -> None:
    packing_and_folding()
    chunks()
    compacting()
    reading_a_million()


def show(name: str, points: int, work: Callable[[], object]) -> None:
    number = max(1, min(20_000, 20_000_000 // (points * 100 + 1_000)))
    best = min(timeit.repeat(work, number=number, repeat=5)) / number
    print(f"{name:<48} {best / points * 1e9:9.1f} ns/point {best * 1e6:12.1f} us")


def request(
    steps: int, keys: int, *, by_key: bool = False
) -> tuple[list[int], list[int], list[int], list[float]]:
    """Columns of one request: `steps` steps of `keys` series."""
    rng = np.random.default_rng(1)
    rows = [(key, step, 1_700_000_000_000 + 100 * step) for step in range(steps) for key in range(keys)]
    if by_key:
        rows.sort()
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns[0], columns[1], columns[2], rng.normal(size=len(rows)).astype(np.float32).tolist()


def curve(count: int, seed: int = 3) -> Columns:
    rng = np.random.default_rng(seed)
    loss = (np.exp(-3 * np.arange(count) / count) + rng.normal(0, 0.02, count)).astype(np.float32)
    ms = 1_700_000_000_000 + np.cumsum(rng.integers(80, 120, count))
    return Columns(np.arange(count), ms, loss.astype(np.float64))


def packing_and_folding() -> None:
    shapes = [("1 point", 1, 1, False), ("20 points, 20 keys", 1, KEYS, False)]
    shapes += [
        ("1,000 points, 20 keys mixed", 50, KEYS, False),
        ("1,000 points, 20 keys sorted", 50, KEYS, True),
    ]
    for name, steps, keys, by_key in shapes:
        columns = request(steps, keys, by_key=by_key)
        blob = pack(*columns)
        points = steps * keys
        show(f"pack, {name}", points, lambda columns=columns: pack(*columns))  # type: ignore[misc]
        show(f"unpack, {name}", points, lambda blob=blob: unpack(blob))  # type: ignore[misc]
        show(f"fold, {name}", points, lambda blob=blob: fold(blob))  # type: ignore[misc]


def chunks() -> None:
    for count in (64, 1_000, 4_096):
        columns = curve(count)
        (chunk,) = encode(columns)
        show(f"encode, {count} points", count, lambda columns=columns: encode(columns))  # type: ignore[misc]
        show(f"decode, {count} points", count, lambda chunk=chunk: decode(chunk.codec, chunk.data))  # type: ignore[misc]
        print(f"{f'chunk of {count} points':<48} {len(chunk.data) / count:9.2f} bytes/point")


def compacting() -> None:
    losses = [curve(1_000, seed) for seed in range(KEYS)]
    rows = [
        (
            RAW,
            pack(
                range(KEYS),
                [step] * KEYS,
                [int(losses[0].ms[step])] * KEYS,
                [float(c.values[step]) for c in losses],
            ),
        )
        for step in range(1_000)
    ]
    for final in (False, True):
        name = "sealed" if final else "tail"
        show(f"plan, 1,000 rows of 20 points, {name}", 20_000, lambda final=final: plan(rows, final=final))  # type: ignore[misc]
        made = plan(rows, final=final)
        size = sum(len(chunk.data) for _, chunk in made.chunks) + sum(len(tail.data) for tail in made.tails)
        print(f"{f'20 series of 1,000 points, {name}':<48} {size / 20_000:9.2f} bytes/point")


def span(id_: int, chunk: Chunk) -> Span:
    return Span(id_, chunk.count, chunk.min_ms, chunk.max_ms, chunk.min_step, chunk.max_step)


def reading_a_million() -> None:
    count = 1_000_000
    columns = curve(count)
    stored = encode(columns)
    spans = [span(i, chunk) for i, chunk in enumerate(stored)]

    def load(ids: Sequence[int]) -> Iterable[tuple[int, int, bytes]]:
        return [(i, stored[i].codec, stored[i].data) for i in ids]

    parts = [decode(chunk.codec, chunk.data) for chunk in stored]
    halves = [columns.rows(slice(start, None, 2)) for start in (0, 1)]
    show("merge, 245 disjoint chunks", count, lambda: merge_series(parts))
    show("merge, 2 interleaved halves", count, lambda: merge_series(halves))
    show(
        "history, pages of 25,000", count, lambda: list(HistoryReader(spans, load, no_points()).pages(25_000))
    )
    show("history, one page of 25,000 in the middle", 25_000, lambda: middle(spans, load, columns))
    for results in (50, 320, 2_500):
        show(f"sample, {results} results", count, lambda results=results: sample(spans, load, results))  # type: ignore[misc]
    show("buckets of points, 1,000", count, lambda: bucketed(points_by_step(columns), 1_000))
    pieces = items_by_step(read_overviews([chunk.overview or b"" for chunk in stored]))
    show("buckets of pieces, 1,000", count, lambda: bucketed(pieces, 1_000))


def middle(spans: list[Span], load: Load, c: Columns) -> object:
    return HistoryReader(spans, load, no_points(), start=Cursor.at(c, c.size // 2)).page(25_000)


def sample(spans: list[Span], load: Load, n: int) -> object:
    return sample_series(spans, load, no_points(), max_results=n)


if __name__ == "__main__":
    main()
