/** CSV and TSV as a table, a thousand rows at a time. */
import { Button } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { DataTable } from "@/components/artifacts/previews/DataTable";
import { Text } from "@/components/artifacts/previews/TextPreview";
import { useText } from "@/components/artifacts/previews/use-text";
import { Broken, Waiting } from "@/components/states";
import { CsvReader, delimiterOf } from "@/lib/csv-read";
import { nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";

const ROWS = 1_000;
/** So much is read for a thousand rows at most; where they are longer, fewer are shown. */
const MOST_READ = 4 * 1024 * 1024;

export default function CsvPreview({ source, path, size }: PreviewProps) {
  const found = useText(source, path, size);
  const { query, text, whole, total, read } = found;
  const [most, setMost] = useState(ROWS);
  const [raw, setRaw] = useState(false);
  const rows = useMemo(() => {
    const reader = new CsvReader(delimiterOf(path, text));
    reader.push(text);
    if (whole) reader.end();
    return reader.rows;
  }, [text, whole, path]);
  const short = !whole && rows.length - 1 < most && read < (most / ROWS) * MOST_READ;
  const { isFetchingNextPage, fetchNextPage, isError } = query;
  useEffect(() => {
    if (short && !isFetchingNextPage && !isError) fetchNextPage();
  }, [short, isFetchingNextPage, isError, fetchNextPage]);
  if (query.isPending) return <Waiting label="Loading the table" />;
  if (query.isError && !query.data) return <Broken error={query.error} again={() => query.refetch()} />;
  if (rows.length === 0 && whole) return <p className={`quiet ${classes.padded}`}>This file is empty.</p>;
  const turn = (
    <button type="button" className="linklike" onClick={() => setRaw(!raw)}>
      {raw ? "Show as a table" : "Show the text"}
    </button>
  );
  if (raw)
    return (
      <>
        <Text found={found} text={text} language={null} name={nameOf(path)} />
        <div className={classes.foot}>{turn}</div>
      </>
    );
  const shown = rows.slice(1, most + 1);
  const all = whole && rows.length - 1 <= most;
  return (
    <>
      <DataTable columns={rows[0] ?? []} rows={shown} label={nameOf(path)} />
      <div className={classes.foot}>
        <span className="numeric">
          {all ? "" : "The first "}
          {shown.length.toLocaleString("en-US")} rows
          {all ? "" : ` of a file of ${bytes(total)}`}
        </span>
        {!all && (
          <Button
            size="compact-sm"
            variant="default"
            loading={isFetchingNextPage}
            onClick={() => setMost(most + ROWS)}
          >
            Show more
          </Button>
        )}
        {turn}
      </div>
    </>
  );
}
