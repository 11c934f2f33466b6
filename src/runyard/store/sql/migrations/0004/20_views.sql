CREATE TABLE saved_views (                   -- what a page shows, under a name
    id $ID,
    uuid TEXT NOT NULL UNIQUE,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    experiment_id $INT,                      -- NULL: of the workspace
    page TEXT NOT NULL,
    name TEXT NOT NULL,
    shared $INT NOT NULL,                    -- 0: nobody but its owner sees it
    owner_uuid TEXT NOT NULL,                -- of the principal, which may be gone
    owner TEXT NOT NULL,
    state TEXT NOT NULL,                     -- JSON, as the page wrote it
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL
);
CREATE INDEX saved_views_by_workspace ON saved_views (workspace_id, id);
CREATE INDEX saved_views_by_experiment ON saved_views (experiment_id, id) WHERE experiment_id IS NOT NULL;
CREATE INDEX saved_views_by_owner ON saved_views (owner_uuid, workspace_id);
