CREATE TABLE roles (                         -- custom ones; the built-in ones are in the code
    id $ID,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    actions TEXT NOT NULL,                   -- JSON list of patterns
    not_actions TEXT NOT NULL DEFAULT '[]',
    created_ms $INT NOT NULL
);

CREATE TABLE role_assignments (
    id $ID,
    uuid TEXT NOT NULL UNIQUE,
    principal_id $INT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    role TEXT NOT NULL,                      -- name of a built-in or custom role
    effect $INT NOT NULL DEFAULT 1,          -- 1 allow, 0 deny; deny wins
    scope TEXT NOT NULL,                     -- '/' or '/subscriptions/s[/resourceGroups/g[/workspaces/w[/experiments/7]]]'
    created_by TEXT NOT NULL DEFAULT '',
    created_ms $INT NOT NULL,
    UNIQUE (principal_id, role, effect, scope)
);
CREATE INDEX role_assignments_by_scope ON role_assignments (scope);
INSERT INTO role_assignments (uuid, principal_id, role, scope, created_ms)
    VALUES ('00000000000000000000000000000001', 1, 'Owner', '/', $NOW);
