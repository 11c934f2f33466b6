CREATE TABLE datasets (
    id $ID,
    experiment_id $INT NOT NULL REFERENCES experiments (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment_id, name, digest)
);

CREATE TABLE run_datasets (
    run_id $INT NOT NULL REFERENCES runs (id),
    dataset_id $INT NOT NULL REFERENCES datasets (id),
    context TEXT,                            -- tag mlflow.data.context
    tags TEXT NOT NULL,                      -- JSON list of {key, value}
    PRIMARY KEY (run_id, dataset_id)
)$ROWLESS;
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_id, run_id);

CREATE TABLE run_models (                    -- edges between runs and logged models
    id $ID,
    run_id $INT NOT NULL REFERENCES runs (id),
    model_uuid TEXT NOT NULL,
    direction $INT NOT NULL,                 -- 0 input, 1 output
    step $INT NOT NULL DEFAULT 0
);
CREATE INDEX run_models_by_run ON run_models (run_id, direction, id);
