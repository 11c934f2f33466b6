-- Summaries of the pieces of long chunks, from which charts of long series are drawn. Made with the chunk, or when a
-- chart first asks; a chunk without one is read itself. A row goes with its chunk.
CREATE TABLE overviews (
    run_id $INT NOT NULL,
    key_id $INT NOT NULL,
    chunk_id $INT NOT NULL,
    data $BLOB NOT NULL,                     -- below a quarter of a page, so that SQLite keeps rows of a series together
    PRIMARY KEY (run_id, key_id, chunk_id)
)$ROWLESS;
