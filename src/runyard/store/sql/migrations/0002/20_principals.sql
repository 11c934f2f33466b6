CREATE TABLE principals (
    id $ID,
    uuid TEXT NOT NULL UNIQUE,               -- 32 hex; what tokens and logs name
    kind $INT NOT NULL,                      -- 0 user, 1 service account, 2 group
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    password_hash TEXT,                      -- argon2id; NULL: no password login
    issuer TEXT,                             -- of an OpenID Connect login
    subject TEXT,
    disabled $INT NOT NULL DEFAULT 0,
    created_ms $INT NOT NULL
);
CREATE UNIQUE INDEX principals_by_subject ON principals (issuer, subject);
INSERT INTO principals (uuid, kind, name, display_name, created_ms)
    VALUES ('00000000000000000000000000000001', 0, 'local', 'Whoever works on the machine of the server', $NOW); -- id 1

CREATE TABLE group_members (
    group_id $INT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    member_id $INT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    at_login $INT NOT NULL DEFAULT 0,        -- 1: the identity provider said so, and is asked again at each login
    PRIMARY KEY (group_id, member_id)
)$ROWLESS;
CREATE INDEX group_members_by_member ON group_members (member_id);

CREATE TABLE access_tokens (
    id $ID,
    uuid TEXT NOT NULL UNIQUE,               -- what lists and logs show
    principal_id $INT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    kind $INT NOT NULL,                      -- 0 made by hand, 1 from a login, 2 a browser's session
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,               -- SHA-256 of the secret, hex
    actions TEXT NOT NULL DEFAULT '["*"]',   -- JSON list of patterns; never more than the principal may
    workspace_id $INT,                       -- NULL: all that the principal may see
    created_ms $INT NOT NULL,
    expires_ms $INT NOT NULL,
    used_ms $INT,                            -- to the minute
    revoked_ms $INT,
    made_with TEXT,                          -- uuid of the token that it was made with and ends with; NULL: a login
    created_by TEXT NOT NULL DEFAULT ''      -- name of whoever made it, which outlives them
);
CREATE INDEX access_tokens_by_principal ON access_tokens (principal_id, id);
CREATE INDEX access_tokens_by_maker ON access_tokens (made_with);
CREATE INDEX access_tokens_by_creator ON access_tokens (created_by, id);

CREATE TABLE login_failures (
    key TEXT PRIMARY KEY,                    -- SHA-256 of an address, or of an account and an address
    failures $INT NOT NULL,
    last_ms $INT NOT NULL
)$ROWLESS;
CREATE INDEX login_failures_by_time ON login_failures (last_ms);
