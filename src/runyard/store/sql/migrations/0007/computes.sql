CREATE TABLE computes (                      -- where jobs run
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                      -- local, ssh, slurm, ray, pool
    state $INT NOT NULL,                     -- entities.compute.ComputeState
    description TEXT NOT NULL,
    tags TEXT NOT NULL,                      -- JSON object
    settings TEXT NOT NULL,                  -- JSON object without secrets
    limits TEXT NOT NULL,                    -- JSON object
    base TEXT NOT NULL,                      -- of a pool: the compute target below it
    size TEXT NOT NULL,                      -- of a pool: what its nodes are
    allowed_groups TEXT NOT NULL,            -- JSON array of names; empty: everybody
    server_url TEXT NOT NULL,
    credentials TEXT NOT NULL,               -- JSON array: names of what the secret holds
    secret $BLOB,                            -- JSON object, encrypted
    created_by TEXT NOT NULL,
    created_ms $INT NOT NULL,
    modified_ms $INT NOT NULL,
    checked_ms $INT,
    error TEXT NOT NULL,                     -- of the last time that it was asked
    nodes TEXT NOT NULL,                     -- JSON array, as of then
    UNIQUE (workspace_id, name)
);

CREATE TABLE compute_sizes (                 -- named requests for resources
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    folded TEXT NOT NULL,                    -- the name in lower case
    name TEXT NOT NULL,
    compute TEXT NOT NULL,
    resources TEXT NOT NULL,                 -- JSON object
    max_nodes $INT NOT NULL,
    options TEXT NOT NULL,                   -- JSON object
    PRIMARY KEY (workspace_id, folded)
)$ROWLESS;
