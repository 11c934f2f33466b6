CREATE TABLE run_properties (                -- text that is set once and never changed
    run_id $INT NOT NULL REFERENCES runs (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
)$ROWLESS;

-- What the SDK logs beside numbers: text, lists, rows, tables, references to images and charts; in the order of logging.
CREATE TABLE run_records (
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    uuid TEXT NOT NULL,                      -- chosen by the client, so that a replay changes nothing
    name TEXT NOT NULL,
    kind TEXT NOT NULL,                      -- scalar, list, row, table, image, confusion_matrix, ..., error
    logged_ms $INT NOT NULL,                 -- the client's clock
    body TEXT NOT NULL,                      -- JSON
    UNIQUE (run_id, uuid)
);
CREATE INDEX run_records_by_run ON run_records (run_id, id);
