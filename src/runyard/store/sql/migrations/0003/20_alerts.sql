-- Runs whose clients tell from time to time that they are alive. A run that has ended, or is not watched, has no row.
CREATE TABLE run_beats (
    run_id $INT PRIMARY KEY REFERENCES runs (id),
    beat_ms $INT NOT NULL,                   -- the last sign, by the server's clock
    due_ms $INT NOT NULL,                    -- without another one until then it counts as lost
    host TEXT NOT NULL,
    points $INT NOT NULL,                    -- that it had at the last sign; 0 where nobody asks whether it stands still
    point_ms $INT NOT NULL,                  -- the last sign at which it had others than at the one before
    lost_ms $INT                             -- since when it counts as lost
);
CREATE INDEX run_beats_due ON run_beats (due_ms) WHERE lost_ms IS NULL;

CREATE TABLE liveness (                      -- how long runs may be silent, where that is not the server's setting
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    experiment_id $INT NOT NULL,             -- -1: the workspace
    seconds $INT NOT NULL,                   -- 0: for ever
    PRIMARY KEY (workspace_id, experiment_id)
)$ROWLESS;

CREATE TABLE alerts (                        -- who is told of what
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    experiment_id $INT,                      -- NULL: all of the workspace
    events $INT NOT NULL,                    -- bits: 1 failed, 2 nan, 4 stalled
    stalled_s $INT NOT NULL,
    host TEXT NOT NULL,                      -- of the receiver, which may be shown
    sealed $BLOB NOT NULL,                   -- address and signing key, encrypted
    created_by TEXT NOT NULL DEFAULT '',
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    sent_ms $INT,                            -- the last delivery that was tried
    error TEXT,                              -- of that delivery; NULL: it arrived
    UNIQUE (workspace_id, name)
);

CREATE TABLE alert_deliveries (              -- a queue: what has arrived, or was given up, is removed
    id $ID,
    alert_id $INT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    event TEXT NOT NULL,                     -- its uuid
    body TEXT NOT NULL,                      -- JSON
    attempts $INT NOT NULL DEFAULT 0,
    next_ms $INT NOT NULL
);
CREATE INDEX alert_deliveries_due ON alert_deliveries (next_ms, id);
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert_id, id);

CREATE TABLE alert_marks (                   -- what is told once per run, and was
    run_id $INT NOT NULL REFERENCES runs (id),
    event $INT NOT NULL,
    PRIMARY KEY (run_id, event)
)$ROWLESS;
