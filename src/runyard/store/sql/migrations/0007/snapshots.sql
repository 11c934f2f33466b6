CREATE TABLE snapshots (                     -- which files a submitted run takes along
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    hash TEXT NOT NULL,                      -- SHA-256 of the manifest, hex
    manifest TEXT NOT NULL,                  -- canonical JSON
    created_ms $INT NOT NULL,
    used_ms $INT NOT NULL,                   -- when a client last asked for it
    checked_ms $INT NOT NULL,                -- when it was last looked whether any job names it
    UNIQUE (workspace_id, hash)
);
CREATE INDEX snapshots_checked ON snapshots (checked_ms, id);

CREATE TABLE snapshot_blobs (                -- contents of files, each once in a workspace
    id $ID,
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    sha256 TEXT NOT NULL,
    size $INT NOT NULL,
    place TEXT NOT NULL,                     -- of this content and no earlier one, below the workspace's snapshots
    state $INT NOT NULL,                     -- 0 on its way, 1 here, 2 to be removed
    due_ms $INT                              -- when to look whether anything needs it; NULL: something does
);
CREATE UNIQUE INDEX snapshot_blobs_here ON snapshot_blobs (workspace_id, sha256) WHERE state = 1;
CREATE INDEX snapshot_blobs_by_workspace ON snapshot_blobs (workspace_id, id);
CREATE INDEX snapshot_blobs_due ON snapshot_blobs (due_ms, id) WHERE due_ms IS NOT NULL;

CREATE TABLE snapshot_files (                -- which contents a snapshot needs
    snapshot_id $INT NOT NULL REFERENCES snapshots (id),
    blob_id $INT NOT NULL REFERENCES snapshot_blobs (id),
    PRIMARY KEY (snapshot_id, blob_id)
)$ROWLESS;
CREATE INDEX snapshot_files_by_blob ON snapshot_files (blob_id);

CREATE INDEX jobs_by_snapshot ON jobs (workspace_id, snapshot_id) WHERE snapshot_id <> '';
