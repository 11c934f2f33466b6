-- Points of small requests, durable in one page per commit. Moved into point_log and series before anything is read and
-- before anything else is written. Only a database with one writer uses it (SQLite); elsewhere it stays empty.
CREATE TABLE inbox (
    id $ID,
    run_id $INT NOT NULL,
    data $BLOB NOT NULL
);
