-- subscription (a name) -> resource group -> workspace. A workspace's name is unique on its server, because MLflow's
-- clients say nothing but the name.
CREATE TABLE resource_groups (
    id $ID,
    subscription TEXT NOT NULL,
    name TEXT NOT NULL,
    tags TEXT NOT NULL DEFAULT '{}',         -- JSON object
    created_ms $INT NOT NULL,
    UNIQUE (subscription, name)
);
INSERT INTO resource_groups (subscription, name, created_ms) VALUES ('default', 'default', $NOW); -- gets id 1

ALTER TABLE workspaces ADD COLUMN group_id $INT NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN guid TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN location TEXT NOT NULL DEFAULT 'local';
ALTER TABLE workspaces ADD COLUMN sku TEXT NOT NULL DEFAULT 'basic';
ALTER TABLE workspaces ADD COLUMN friendly_name TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';           -- JSON object
ALTER TABLE workspaces ADD COLUMN default_datastore TEXT NOT NULL DEFAULT 'workspaceblobstore';
ALTER TABLE workspaces ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN created_ms $INT NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN updated_ms $INT NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN deleted_ms $INT;                           -- set: its records are being removed
ALTER TABLE workspaces ADD COLUMN default_experiment $INT NOT NULL DEFAULT 0;  -- what clients that choose none mean by 0
ALTER TABLE workspaces ADD COLUMN purge_files $INT NOT NULL DEFAULT 0;       -- 1: its files are removed too
UPDATE workspaces SET guid = '$GUID', created_ms = $NOW, updated_ms = $NOW WHERE id = 1;
CREATE INDEX workspaces_by_group ON workspaces (group_id, name);
CREATE INDEX workspaces_deleted ON workspaces (deleted_ms) WHERE deleted_ms IS NOT NULL;
