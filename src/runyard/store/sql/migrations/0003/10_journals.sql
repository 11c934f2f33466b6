-- How far the journals of clients have been taken. Advanced in the transaction that keeps the records.
CREATE TABLE journals (
    workspace_id $INT NOT NULL REFERENCES workspaces (id),
    id TEXT NOT NULL,                        -- 32 hex, chosen by the client
    applied $INT NOT NULL,                   -- seq of the last record that was taken
    refused TEXT NOT NULL DEFAULT '[]',      -- JSON list: what was refused of the last request, should its answer be lost
    seen_ms $INT NOT NULL,
    ended_ms $INT,                           -- the process that wrote it has ended
    PRIMARY KEY (workspace_id, id)
)$ROWLESS;
CREATE INDEX journals_by_seen ON journals (seen_ms);
