CREATE TABLE logged_models (
    id $ID,
    uuid TEXT NOT NULL,                      -- 'm-' + 32 hex
    workspace_id $INT NOT NULL,
    experiment_id $INT NOT NULL REFERENCES experiments (id),
    name TEXT NOT NULL,
    model_type TEXT NOT NULL,
    source_run_uuid TEXT NOT NULL,
    status $INT NOT NULL,
    status_message TEXT,
    stage $INT NOT NULL DEFAULT 0,
    artifact_uri TEXT NOT NULL,
    created_ms $INT NOT NULL,
    updated_ms $INT NOT NULL,
    UNIQUE (uuid, workspace_id)
);
CREATE INDEX logged_models_by_creation ON logged_models (experiment_id, stage, created_ms, uuid);
CREATE INDEX logged_models_by_run ON logged_models (source_run_uuid);
CREATE INDEX logged_models_by_name ON logged_models (experiment_id, name);

CREATE TABLE logged_model_params (
    model_id $INT NOT NULL REFERENCES logged_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
)$ROWLESS;

CREATE TABLE logged_model_tags (
    model_id $INT NOT NULL REFERENCES logged_models (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
)$ROWLESS;

CREATE TABLE logged_model_metrics (          -- the latest value per (key, run, dataset)
    model_id $INT NOT NULL REFERENCES logged_models (id),
    key TEXT NOT NULL,
    run_uuid TEXT NOT NULL,
    dataset_name TEXT NOT NULL,              -- '' when the metric names none
    dataset_digest TEXT NOT NULL,
    value $REAL,                             -- NULL: NaN
    step $INT NOT NULL,
    ms $INT NOT NULL,
    PRIMARY KEY (model_id, key, run_uuid, dataset_name, dataset_digest)
)$ROWLESS;
