-- One row per series: the summary that search and tables read. NULL in a value column stands for NaN.
CREATE TABLE series (
    run_id $INT NOT NULL REFERENCES runs (id),
    key_id $INT NOT NULL REFERENCES keys (id),
    experiment_id $INT NOT NULL,
    last_value $REAL,                        -- greatest by (step, ms, value), NaN compared as 0: MLflow's latest metric
    last_step $INT NOT NULL,
    last_ms $INT NOT NULL,
    min_value $REAL,
    min_step $INT,
    max_value $REAL,
    max_step $INT,
    first_value $REAL,
    first_step $INT NOT NULL,
    first_ms $INT NOT NULL,
    count $INT NOT NULL,                     -- points
    numbers $INT NOT NULL,                   -- points that are not NaN
    sum $REAL,                               -- NULL: not finite, or it was for a while
    disordered $INT NOT NULL DEFAULT 0,      -- 1: points came out of order, so count, numbers and sum may hold replays
    PRIMARY KEY (run_id, key_id)
)$ROWLESS;
CREATE INDEX series_by_last ON series (experiment_id, key_id, last_value, run_id);
CREATE INDEX series_disordered ON series (run_id, key_id) WHERE disordered = 1;

-- Points as they arrived, one row per request. A queue: the compaction moves them on, so at rest it is empty.
CREATE TABLE point_log (
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    count $INT NOT NULL,
    codec $INT NOT NULL,
    data $BLOB NOT NULL
);
CREATE INDEX point_log_by_run ON point_log (run_id, id, count);

-- Points of series that are too short for a chunk, those of many series together.
CREATE TABLE tails (
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    level $INT NOT NULL,                     -- grows with the points of the rows that were written together
    min_key $INT NOT NULL,
    max_key $INT NOT NULL,
    count $INT NOT NULL,
    codec $INT NOT NULL,
    data $BLOB NOT NULL
);
CREATE INDEX tails_by_run ON tails (run_id, level, min_key, max_key, count);

CREATE TABLE chunks (
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    key_id $INT NOT NULL REFERENCES keys (id),
    count $INT NOT NULL,
    min_ms $INT NOT NULL,
    max_ms $INT NOT NULL,
    min_step $INT NOT NULL,
    max_step $INT NOT NULL,
    numbers $INT NOT NULL,                   -- points that are not NaN
    min_value $REAL,
    max_value $REAL,
    sum_value $REAL,                         -- NULL: not a number
    codec $INT NOT NULL,
    data $BLOB NOT NULL
);
CREATE INDEX chunks_by_series ON chunks (run_id, key_id, min_ms, min_step, max_ms, max_step, count);
