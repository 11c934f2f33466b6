CREATE TABLE keys (
    id $ID,
    name TEXT NOT NULL UNIQUE                -- of metrics, params and run tags
);

CREATE TABLE runs (
    id $ID,
    uuid TEXT NOT NULL,                      -- 32 hex, or as the client chose it
    workspace_id $INT NOT NULL,
    experiment_id $INT NOT NULL REFERENCES experiments (id),
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    status $INT NOT NULL,                    -- MLflow's RunStatus numbers
    stage $INT NOT NULL DEFAULT 0,           -- 0 active, 1 deleted
    start_ms $INT,
    end_ms $INT,
    deleted_ms $INT,
    received_ms $INT NOT NULL,               -- the server's clock at creation
    artifact_uri TEXT NOT NULL,
    version $INT NOT NULL DEFAULT 0,         -- grows with every change; a run document is valid for one version
    UNIQUE (uuid, workspace_id)              -- ids are free in a workspace whatever others hold: none tells of another
);
CREATE INDEX runs_by_start ON runs (experiment_id, stage, start_ms, uuid);
CREATE INDEX runs_by_name ON runs (experiment_id, name);
CREATE INDEX runs_by_status ON runs (experiment_id, status);

CREATE TABLE run_docs (                      -- the run as its clients read it, ready to send
    run_id $INT PRIMARY KEY REFERENCES runs (id),
    version $INT NOT NULL,
    body $BLOB NOT NULL
);

CREATE TABLE run_params (
    run_id $INT NOT NULL REFERENCES runs (id),
    key_id $INT NOT NULL REFERENCES keys (id),
    experiment_id $INT NOT NULL,
    value TEXT NOT NULL,                     -- the first 64 characters
    rest TEXT,                               -- what follows them; NULL: nothing
    PRIMARY KEY (run_id, key_id)
)$ROWLESS;
CREATE INDEX run_params_by_value ON run_params (experiment_id, key_id, value, run_id);

CREATE TABLE run_tags (
    run_id $INT NOT NULL REFERENCES runs (id),
    key_id $INT NOT NULL REFERENCES keys (id),
    experiment_id $INT NOT NULL,
    value TEXT NOT NULL,                     -- the first 64 characters
    rest TEXT,                               -- what follows them; NULL: nothing
    PRIMARY KEY (run_id, key_id)
)$ROWLESS;
CREATE INDEX run_tags_by_value ON run_tags (experiment_id, key_id, value, run_id);
