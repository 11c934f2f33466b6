-- Numbers that were given once and are never given again, although what had them is gone. On SQLite, whose own numbers go on
-- from the greatest that there is.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value $INT NOT NULL                      -- the greatest that is gone
)$ROWLESS;
INSERT INTO counters (name, value) VALUES ('experiments', 0);
