-- $ID, $INT, $REAL, $BLOB, $TEXT stand for the column types of the database at hand; $ROWLESS ends a table that
-- SQLite keeps clustered by its primary key. Times are milliseconds since 1970 UTC.
CREATE TABLE workspaces (
    id $ID,
    name TEXT NOT NULL UNIQUE
);
INSERT INTO workspaces (name) VALUES ('default'); -- gets id 1, and the counter knows it
