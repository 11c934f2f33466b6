CREATE TABLE registered_models (
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    description TEXT,
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    last_version $INT NOT NULL DEFAULT 0,    -- numbers are never given out twice
    UNIQUE (workspace_id, name)
);

CREATE TABLE registered_model_tags (
    model_id $INT NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
)$ROWLESS;
CREATE INDEX registered_model_tags_by_value ON registered_model_tags (key, substr(value, 1, 64), model_id);

CREATE TABLE registered_model_aliases (
    model_id $INT NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version $INT NOT NULL,
    PRIMARY KEY (model_id, alias)
)$ROWLESS;

CREATE TABLE model_versions (
    model_id $INT NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    version $INT NOT NULL,
    workspace_id $INT NOT NULL,
    stage TEXT NOT NULL DEFAULT 'None',      -- None, Staging, Production, Archived
    description TEXT,
    source TEXT NOT NULL,
    storage_location TEXT NOT NULL,          -- where the files are: source, with models:/m-... resolved
    run_uuid TEXT NOT NULL,
    run_link TEXT NOT NULL,
    logged_model_uuid TEXT,
    user_id TEXT,
    status $INT NOT NULL,
    status_message TEXT,
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    PRIMARY KEY (model_id, version)
);
CREATE INDEX model_versions_by_update ON model_versions (workspace_id, updated_ms, model_id, version);
CREATE INDEX model_versions_by_run ON model_versions (run_uuid);

CREATE TABLE model_version_tags (
    model_id $INT NOT NULL,
    version $INT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, version, key),
    FOREIGN KEY (model_id, version) REFERENCES model_versions (model_id, version) ON DELETE CASCADE
)$ROWLESS;
