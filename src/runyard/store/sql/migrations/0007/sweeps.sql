CREATE TABLE sweeps (                        -- runs that other runs are below, each with parameters of its own
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    uuid TEXT NOT NULL,                      -- of its run
    run_id $INT REFERENCES runs (id),        -- NULL: that is just being made
    config TEXT NOT NULL,                    -- JSON
    created_ms $INT NOT NULL,
    done $INT NOT NULL DEFAULT 0,            -- 1: nothing happens in it any more
    best TEXT NOT NULL DEFAULT '',           -- uuid of the best trial's run
    UNIQUE (uuid, workspace_id)
);
CREATE INDEX sweeps_by_run ON sweeps (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX sweeps_by_workspace ON sweeps (workspace_id, id);
CREATE INDEX sweeps_active ON sweeps (id) WHERE done = 0;

CREATE TABLE sweep_trials (
    sweep_id $INT NOT NULL REFERENCES sweeps (id),
    number $INT NOT NULL,                    -- from 0 on
    uuid TEXT NOT NULL,                      -- of its run, which may not be there yet
    parameters TEXT NOT NULL,                -- JSON
    stop $INT NOT NULL DEFAULT 0,            -- 1 by the policy, 2 because the sweep's time was over
    noted $INT NOT NULL DEFAULT 0,           -- 1: its parameters were logged
    PRIMARY KEY (sweep_id, number)
)$ROWLESS;
