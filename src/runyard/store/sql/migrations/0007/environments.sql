CREATE TABLE environments (                  -- registered environments, by name
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    latest $INT NOT NULL,                    -- number of the last version
    UNIQUE (workspace_id, name)
);

CREATE TABLE environment_versions (
    environment_id $INT NOT NULL REFERENCES environments (id),
    version $INT NOT NULL,
    definition TEXT NOT NULL,                -- canonical JSON, without name and version
    hash TEXT NOT NULL,                      -- of what matters for building it
    created_ms $INT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (environment_id, version)
)$ROWLESS;

CREATE TABLE environment_locks (             -- exact versions that an environment came to, on one kind of machine
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    hash TEXT NOT NULL,
    platform TEXT NOT NULL,
    python TEXT NOT NULL,
    text TEXT NOT NULL,
    created_ms $INT NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (workspace_id, hash, platform, python)
)$ROWLESS;
