-- Which of several servers on one database does the work that one is enough for.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms $INT NOT NULL                   -- by the database's clock
);
