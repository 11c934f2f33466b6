CREATE TABLE datastores (
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                      -- workspace, local, s3, azure, gcs, sftp
    config TEXT NOT NULL,                    -- JSON object without secrets
    secret $BLOB,                            -- JSON object, encrypted
    created_by TEXT NOT NULL DEFAULT '',
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE registered_datasets (
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    archived_ms $INT,
    last_version $INT NOT NULL DEFAULT 0,
    created_ms $INT NOT NULL,
    UNIQUE (workspace_id, name)
);

CREATE TABLE dataset_versions (
    dataset_id $INT NOT NULL REFERENCES registered_datasets (id) ON DELETE CASCADE,
    version $INT NOT NULL,
    uuid TEXT NOT NULL,
    kind TEXT NOT NULL,                      -- tabular, file
    definition TEXT NOT NULL,                -- JSON: where the data are and how they are read
    tags TEXT NOT NULL DEFAULT '{}',         -- JSON object
    created_by TEXT NOT NULL DEFAULT '',
    created_ms $INT NOT NULL,
    PRIMARY KEY (dataset_id, version),
    UNIQUE (uuid, dataset_id)
);

CREATE TABLE secrets (
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    value $BLOB NOT NULL,                    -- encrypted
    created_by TEXT NOT NULL DEFAULT '',
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    PRIMARY KEY (workspace_id, name)
)$ROWLESS;
