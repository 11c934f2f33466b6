CREATE TABLE jobs (                          -- submitted runs, and the queue of those that wait
    id $ID,
    run_id $INT NOT NULL UNIQUE REFERENCES runs (id),
    uuid TEXT NOT NULL,                      -- of the run
    workspace_id $INT NOT NULL,
    experiment_id $INT NOT NULL,
    parent TEXT NOT NULL DEFAULT '',         -- uuid of the run that it is below
    target TEXT NOT NULL,
    compute_id $INT,                         -- NULL: the machine that submitted it, or none
    kind TEXT NOT NULL,
    state $INT NOT NULL,                     -- 0 in the queue, 1 to 7 under way, 8 to 10 ended
    waits TEXT NOT NULL DEFAULT '',
    priority $INT NOT NULL,
    nodes $INT NOT NULL,
    snapshot_id TEXT NOT NULL,
    environment_hash TEXT NOT NULL,
    submitted_by TEXT NOT NULL,
    submitted_by_uuid TEXT NOT NULL,         -- of the principal, which may be gone
    created_ms $INT NOT NULL,
    submitted_ms $INT,                       -- the engine took it
    started_ms $INT,
    ended_ms $INT,
    beat_ms $INT,
    cancel_ms $INT,
    due_ms $INT NOT NULL DEFAULT 0,          -- not handed over before
    tries $INT NOT NULL DEFAULT 0,
    holder TEXT NOT NULL DEFAULT '',         -- who hands it over just now; '': nobody
    lease_ms $INT NOT NULL DEFAULT 0,        -- until then
    engine_id TEXT NOT NULL DEFAULT '',
    forgotten $INT NOT NULL DEFAULT 0,       -- 1: the engine keeps nothing of it any more
    host TEXT NOT NULL DEFAULT '',
    attempt TEXT NOT NULL DEFAULT '',        -- of the runner; '': none has begun
    error TEXT,                              -- JSON
    token_uuid TEXT NOT NULL,                -- of its access token; '': none
    request_hash TEXT NOT NULL,
    UNIQUE (uuid, workspace_id)
);
CREATE INDEX jobs_by_workspace ON jobs (workspace_id, id);
CREATE INDEX jobs_outermost ON jobs (workspace_id, id) WHERE parent = ''; -- without the trials of sweeps
CREATE INDEX jobs_by_state ON jobs (workspace_id, state, id);
CREATE INDEX jobs_by_target ON jobs (workspace_id, target, id);
CREATE INDEX jobs_by_person ON jobs (workspace_id, submitted_by, id);
CREATE INDEX jobs_by_experiment ON jobs (experiment_id, id);
CREATE INDEX jobs_by_parent ON jobs (parent, id) WHERE parent <> '';
CREATE INDEX jobs_waiting ON jobs (compute_id, priority DESC, id) WHERE state = 0;
CREATE INDEX jobs_active ON jobs (compute_id, submitted_by_uuid, state, kind, nodes) WHERE state < 8; -- covers what counts them
CREATE INDEX jobs_of_workspace_active ON jobs (workspace_id, id) WHERE state < 8;
CREATE INDEX jobs_ended_there ON jobs (ended_ms) WHERE state >= 8 AND engine_id <> '' AND forgotten = 0;

CREATE TABLE job_texts (                     -- the large part of a job, and its secrets until its runner has begun
    job_id $INT PRIMARY KEY REFERENCES jobs (id),
    definition TEXT NOT NULL,                -- JSON
    token $BLOB,                             -- sealed
    code $BLOB,                              -- sealed
    code_hash TEXT,                          -- SHA-256 of the code, hex
    code_used $INT NOT NULL DEFAULT 0        -- 1: it is good for nothing until the job is handed over again
);

ALTER TABLE access_tokens ADD COLUMN job TEXT;              -- uuid of the run whose job it is for; NULL: not one of a job
ALTER TABLE access_tokens ADD COLUMN job_experiment $INT;   -- where it may write
