-- Clients that choose no experiment log to number 0.
INSERT INTO experiments (id, workspace_id, name, artifact_location, stage, created_ms, updated_ms)
    VALUES (0, 1, 'Default', 'mlflow-artifacts:/0', 0, $NOW, $NOW);
