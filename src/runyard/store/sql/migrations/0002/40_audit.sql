-- Who did what to which record. Rows are only ever added; each holds the hash of the one before it.
CREATE TABLE audit_log (
    id $ID,
    at_ms $INT NOT NULL,
    principal TEXT NOT NULL,                 -- name; '' for who was not recognised
    credential TEXT NOT NULL,                -- how it was proved: local, password, token <uuid>, tracking <jti>
    workspace TEXT NOT NULL,                 -- name; '' for what belongs to the server
    action TEXT NOT NULL,
    target TEXT NOT NULL,                    -- JSON object of what names the record
    outcome TEXT NOT NULL,                   -- done, or the error's code
    status $INT NOT NULL,
    remote TEXT NOT NULL,                    -- address of the client
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_log_by_time ON audit_log (at_ms, id);
CREATE INDEX audit_log_by_principal ON audit_log (principal, id);
CREATE INDEX audit_log_by_workspace ON audit_log (workspace, id);
CREATE INDEX audit_log_by_action ON audit_log (action, id);
