CREATE TABLE run_logs (                      -- text of a job's processes: here while it lives, an artifact afterwards
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    name TEXT NOT NULL,                      -- path of the artifact that it becomes
    size $INT NOT NULL,                      -- all bytes that came, those that were left out included
    state $INT NOT NULL,                     -- 0 open, 1 closed, 2 copied, 3 sealed, 4 stays here
    gap_start $INT NOT NULL,                 -- bytes from there to gap_stop were left out
    gap_stop $INT NOT NULL,
    updated_ms $INT NOT NULL,
    UNIQUE (run_id, name)
);
CREATE INDEX run_logs_unsealed ON run_logs (updated_ms, id) WHERE state < 3;

CREATE TABLE run_log_chunks (
    log_id $INT NOT NULL REFERENCES run_logs (id),
    start $INT NOT NULL,                     -- offset of its first byte
    body $BLOB NOT NULL,
    PRIMARY KEY (log_id, start)
)$ROWLESS;
