CREATE TABLE traces (
    id $ID,
    uuid TEXT NOT NULL,                      -- 'tr-' + 32 hex
    workspace_id $INT NOT NULL,
    experiment_id $INT NOT NULL REFERENCES experiments (id),
    request_ms $INT NOT NULL,
    duration_ms $INT,
    state TEXT NOT NULL,                     -- MLflow's names: OK, ERROR, IN_PROGRESS, STATE_UNSPECIFIED
    request_preview TEXT,
    response_preview TEXT,
    client_request_id TEXT,
    finalized $INT NOT NULL DEFAULT 0,       -- 1: the client has described it; 0: known from its spans only
    UNIQUE (uuid, workspace_id)
);
CREATE INDEX traces_by_time ON traces (experiment_id, request_ms, uuid);

CREATE TABLE trace_tags (
    trace_id $INT NOT NULL REFERENCES traces (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_id, key)
)$ROWLESS;

CREATE TABLE trace_metadata (
    trace_id $INT NOT NULL REFERENCES traces (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace_id, key)
)$ROWLESS;
CREATE INDEX trace_metadata_by_value ON trace_metadata (key, substr(value, 1, 64), trace_id);

CREATE TABLE trace_runs (                    -- traces linked to runs after the fact
    run_uuid TEXT NOT NULL,
    trace_id $INT NOT NULL REFERENCES traces (id),
    PRIMARY KEY (run_uuid, trace_id)
)$ROWLESS;
CREATE INDEX trace_runs_by_trace ON trace_runs (trace_id);

CREATE TABLE spans (
    trace_id $INT NOT NULL REFERENCES traces (id),
    span_id TEXT NOT NULL,                   -- 16 hex
    start_ns $INT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,                    -- OK, ERROR, UNSET
    content TEXT NOT NULL,                   -- the span as JSON
    PRIMARY KEY (trace_id, span_id)
);
CREATE INDEX spans_by_name ON spans (substr(name, 1, 64), trace_id);
CREATE INDEX spans_by_type ON spans (substr(type, 1, 64), trace_id);
CREATE INDEX spans_by_status ON spans (substr(status, 1, 64), trace_id);

CREATE TABLE assessments (
    id $ID,
    uuid TEXT NOT NULL,                      -- 'a-' + 32 hex
    trace_id $INT NOT NULL REFERENCES traces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                      -- feedback, expectation, issue
    value_text TEXT,                         -- what filters compare
    value_number $REAL,
    valid $INT NOT NULL,
    content TEXT NOT NULL,                   -- the assessment as JSON
    UNIQUE (uuid, trace_id)
);
CREATE INDEX assessments_by_trace ON assessments (trace_id, kind, name);
