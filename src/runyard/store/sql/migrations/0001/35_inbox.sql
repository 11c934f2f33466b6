-- The file of waiting points beside an SQLite database (points_file.py): what it must begin with, and which of its
-- records still wait. A row is made when the file is; on PostgreSQL there is none.
CREATE TABLE inbox (
    id $ID,
    file_key $BLOB NOT NULL,                 -- random, tells the files of different databases apart
    epoch $INT                               -- of the records that are not stored yet; NULL: the file holds none
);
