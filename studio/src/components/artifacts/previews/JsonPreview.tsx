/** JSON: set out in lines; what is a table, as one. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { readPart } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { DataTable } from "@/components/artifacts/previews/DataTable";
import TextPreview, { Code } from "@/components/artifacts/previews/TextPreview";
import { Broken, Waiting } from "@/components/states";
import { nameOf } from "@/lib/file-kind";
import { type JsonTable, tableOf } from "@/lib/json-table";

/** Larger files are shown as they are, in parts. */
const MOST = 2 * 1024 * 1024;

export default function JsonPreview(props: PreviewProps) {
  return props.size === 0 || (props.size ?? 0) > MOST ? <TextPreview {...props} /> : <Small {...props} />;
}

function Small(props: PreviewProps) {
  const { source, path } = props;
  const found = useQuery({
    queryKey: ["file json", source.key, path],
    queryFn: async ({ signal }) => {
      const part = await readPart(source.preview(path), 0, MOST, signal);
      if (part.total > part.bytes.length) return null;
      return new TextDecoder().decode(part.bytes);
    },
    gcTime: 30_000,
  });
  const text = found.data ?? "";
  const made = useMemo(() => {
    try {
      const value: unknown = JSON.parse(text);
      const lines = JSON.stringify(value, null, 2);
      // What is nested very deeply would be nothing but blanks before its lines.
      return lines.length > 4 * MOST ? null : { lines, table: tableOf(value) };
    } catch {
      return null;
    }
  }, [text]);
  if (found.isPending) return <Waiting label="Loading the file" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  // NaN is no JSON, and yet Python writes it: such a file is shown as it is, too.
  if (made === null) return <TextPreview {...props} />;
  return <Shown lines={made.lines} table={made.table} name={nameOf(path)} />;
}

function Shown({ lines, table, name }: { lines: string; table: JsonTable | null; name: string }) {
  const [asText, setAsText] = useState(false);
  return (
    <>
      {table && !asText ? (
        <DataTable columns={table.columns} rows={table.rows} label={name} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={classes.content} tabIndex={0} aria-label={name}>
          <Code text={lines} language="json" />
        </section>
      )}
      {table && (
        <div className={classes.foot}>
          <span className="numeric">{table.rows.length.toLocaleString("en-US")} rows</span>
          <button type="button" className="linklike" onClick={() => setAsText(!asText)}>
            {asText ? "Show as a table" : "Show the text"}
          </button>
        </div>
      )}
    </>
  );
}
