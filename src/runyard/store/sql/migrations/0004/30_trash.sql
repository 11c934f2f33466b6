CREATE TABLE purges (                        -- a queue: what was in the trash and is removed for good
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    kind $INT NOT NULL,                      -- 0 experiment, 1 run, 2 logged model
    record_id $INT NOT NULL,
    files TEXT NOT NULL,                     -- its directory among the workspace's files; '': none of its own there
    due_ms $INT NOT NULL,                    -- not before then
    UNIQUE (kind, record_id)
);
CREATE INDEX purges_due ON purges (due_ms, id);
CREATE INDEX purges_by_workspace ON purges (workspace_id);

CREATE INDEX experiments_deleted ON experiments (workspace_id, updated_ms, id) WHERE stage = 1;
CREATE INDEX runs_deleted ON runs (workspace_id, COALESCE(deleted_ms, 0), id) WHERE stage = 1;
CREATE INDEX logged_models_deleted ON logged_models (workspace_id, updated_ms, id) WHERE stage = 1;
