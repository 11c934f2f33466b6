-- Which record of a journal was the last that began to upload a file, so that an older version never replaces a newer one.
CREATE TABLE journal_files (
    workspace_id $INT NOT NULL,
    journal TEXT NOT NULL,
    path TEXT NOT NULL,                      -- among the workspace's files
    seq $INT NOT NULL,                       -- the newest record; older ones are not taken any more
    upload TEXT,                             -- the one that is under way; NULL: none
    alive_ms $INT NOT NULL,                  -- the last sign of that one
    PRIMARY KEY (workspace_id, journal, path),
    FOREIGN KEY (workspace_id, journal) REFERENCES journals (workspace_id, id) ON DELETE CASCADE
)$ROWLESS;
