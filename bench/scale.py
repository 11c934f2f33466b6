"""How much of each load a run of the bench does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """One size of the whole bench. "Peers" are the servers that are not ours; they get less where they take hours.

    Attributes:
        rounds: times that the servers take turns within a row of continuous load.
        slice_s: seconds of load per server, cell and round.
        create_runs: runs created by ours; peers stop after `create_peer_s` seconds.
        search_sizes, search_peer_sizes: runs in the experiment that is searched.
        search_queries, search_peer_queries: repeats of each query.
        table_sizes, table_peer_sizes: runs, of 50 metrics and 30 params, in the experiment that is shown as a table.
        studio_sizes: runs, as many values each, in the experiment that Studio shows in a browser.
        studio_live_s: seconds for which a page watches runs that log.
        history_points, history_peer_points: points of the one series that is read in full.
        bulk_points, bulk_peer_points: points of each of the 20 series of the bulk-interval row.
        chart_points, chart_peer_points: points of each of the 100 series of a chart.
        big_file_bytes, small_files: sizes of the artifact row.
        extra_starts: fresh starts beside the first one.
        logging_calls, logging_peer_calls: calls of a client that logs.
        delivered_points: points that one process sends through its journal.
        outage_s: seconds that the server is away.
    """

    name: str
    rounds: int
    slice_s: float
    client_slice_s: float
    create_runs: int
    create_peer_s: float
    search_sizes: tuple[int, ...]
    search_peer_sizes: tuple[int, ...]
    table_sizes: tuple[int, ...]
    table_peer_sizes: tuple[int, ...]
    studio_sizes: tuple[int, ...]
    studio_live_s: float
    search_queries: int
    search_peer_queries: int
    history_points: int
    history_peer_points: int
    bulk_points: int
    bulk_peer_points: int
    chart_points: int
    chart_peer_points: int
    big_file_bytes: int
    small_files: int
    extra_starts: int
    logging_calls: int
    logging_peer_calls: int
    delivered_points: int
    outage_s: float


_MIB = 1 << 20

SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            name="quick",
            rounds=2,
            slice_s=1.5,
            client_slice_s=1.5,
            create_runs=2000,
            create_peer_s=4.0,
            search_sizes=(2000, 20_000),
            search_peer_sizes=(2000,),
            table_sizes=(2000,),
            table_peer_sizes=(2000,),
            studio_sizes=(2000,),
            studio_live_s=60.0,
            search_queries=60,
            search_peer_queries=4,
            history_points=1_000_000,
            history_peer_points=100_000,
            bulk_points=50_000,
            bulk_peer_points=10_000,
            chart_points=100_000,
            chart_peer_points=2_000,
            big_file_bytes=256 * _MIB,
            small_files=500,
            extra_starts=0,
            logging_calls=3000,
            logging_peer_calls=100,
            delivered_points=200_000,
            outage_s=10.0,
        ),
        Scale(
            name="default",
            rounds=3,
            slice_s=4.0,
            client_slice_s=4.0,
            create_runs=2000,
            create_peer_s=60.0,
            search_sizes=(2000, 20_000, 100_000),
            search_peer_sizes=(2000,),
            table_sizes=(10_000,),
            table_peer_sizes=(10_000,),
            studio_sizes=(10_000, 100_000),
            studio_live_s=300.0,
            search_queries=100,
            search_peer_queries=8,
            history_points=1_000_000,
            history_peer_points=1_000_000,
            bulk_points=1_000_000,
            bulk_peer_points=50_000,
            chart_points=1_000_000,
            chart_peer_points=10_000,
            big_file_bytes=512 * _MIB,
            small_files=2000,
            extra_starts=2,
            logging_calls=10_000,
            logging_peer_calls=200,
            delivered_points=1_000_000,
            outage_s=60.0,
        ),
        Scale(
            name="full",
            rounds=5,
            slice_s=10.0,
            client_slice_s=10.0,
            create_runs=2000,
            create_peer_s=600.0,
            search_sizes=(2000, 20_000, 100_000),
            search_peer_sizes=(2000, 20_000, 100_000),
            table_sizes=(10_000, 100_000),
            table_peer_sizes=(10_000,),
            studio_sizes=(10_000, 100_000),
            studio_live_s=3_600.0,
            search_queries=200,
            search_peer_queries=8,
            history_points=1_000_000,
            history_peer_points=1_000_000,
            bulk_points=1_000_000,
            bulk_peer_points=1_000_000,
            chart_points=1_000_000,
            chart_peer_points=100_000,
            big_file_bytes=512 * _MIB,
            small_files=2000,
            extra_starts=4,
            logging_calls=10_000,
            logging_peer_calls=500,
            delivered_points=5_000_000,
            outage_s=600.0,
        ),
    )
}
