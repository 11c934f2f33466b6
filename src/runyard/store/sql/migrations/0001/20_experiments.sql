CREATE TABLE experiments (
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    stage $INT NOT NULL DEFAULT 0,           -- 0 active, 1 deleted
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    own_path TEXT,                           -- where its files are among the workspace's, folded; NULL: usual place, or elsewhere
    UNIQUE (workspace_id, name)
);
CREATE INDEX experiments_by_path ON experiments (workspace_id, own_path) WHERE own_path IS NOT NULL;
CREATE INDEX experiments_by_creation ON experiments (workspace_id, stage, created_ms, id);

CREATE TABLE experiment_tags (
    experiment_id $INT NOT NULL REFERENCES experiments (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment_id, key)
)$ROWLESS;
