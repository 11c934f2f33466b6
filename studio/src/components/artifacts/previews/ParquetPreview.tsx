/** Parquet as a table. Only the footer and the row groups that are shown are read. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  type AsyncBuffer,
  type Compressors,
  cachedAsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { decompressGzip, decompressLz4, decompressLz4Raw, decompressZstd } from "hyparquet-compressors";
import { useState } from "react";
import { type FileSource, readPart } from "@/api/artifacts";
import { ApiError } from "@/api/http";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { DataTable } from "@/components/artifacts/previews/DataTable";
import { Unshown } from "@/components/artifacts/previews/Unshown";
import { Broken, Waiting } from "@/components/states";
import { nameOf } from "@/lib/file-kind";

const ROWS = 1_000;
const COLUMNS = 100;
/** Most footers fit; of a larger one the rest is read, too. */
const FOOTER = 64 * 1024;
/** Of the row groups and columns that are shown, unpacked. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Beside Snappy, which hyparquet reads itself; the library's own Snappy needs WebAssembly, which the policy forbids. */
const UNPACK: Compressors = {
  GZIP: decompressGzip,
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
  ZSTD: (packed) => decompressZstd(packed),
};

interface Opened {
  file: AsyncBuffer;
  metadata: FileMetaData;
  columns: string[];
  rows: number;
}

async function open(source: FileSource, path: string, size: number | null): Promise<Opened> {
  const url = source.preview(path);
  const byteLength = size ?? (await readPart(url, 0, 1)).total;
  const file = cachedAsyncBuffer({
    byteLength,
    slice: async (start, end = byteLength) => (await readPart(url, start, end - start)).bytes.buffer,
  });
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: FOOTER });
  return {
    file,
    metadata,
    columns: parquetSchema(metadata).children.map((one) => one.element.name),
    rows: Number(metadata.num_rows),
  };
}

export default function ParquetPreview({ source, path, size }: PreviewProps) {
  const [most, setMost] = useState(ROWS);
  const opened = useQuery({
    queryKey: ["parquet", source.key, path, size],
    queryFn: () => open(source, path, size),
    gcTime: 30_000,
    retry: false,
  });
  const { data } = opened;
  const end = Math.min(most, data?.rows ?? 0);
  const found = useQuery({
    queryKey: ["parquet rows", source.key, path, size, end],
    queryFn: async () => {
      const { file, metadata, columns } = data!;
      const wanted = columns.slice(0, COLUMNS);
      if (unpacked(metadata, new Set(wanted), end) > MOST_BYTES)
        throw new Error("its first rows are larger than 256 MiB. Download it instead.");
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: wanted,
        rowStart: 0,
        rowEnd: end,
        compressors: UNPACK,
      });
      return rows.map((row) => wanted.map((name) => cell(row[name])));
    },
    enabled: data !== undefined,
    placeholderData: (before) => before,
    gcTime: 30_000,
    retry: false,
  });
  const error = opened.error ?? found.error;
  if (error instanceof ApiError) return <Broken error={error} again={() => opened.refetch()} />;
  if (error)
    return <Unshown source={source} path={path} why={`This file cannot be read here: ${error.message}`} />;
  if (!data || !found.data) return <Waiting label="Loading the table" />;
  const all = found.data.length >= data.rows;
  return (
    <>
      <DataTable columns={data.columns.slice(0, COLUMNS)} rows={found.data} label={nameOf(path)} />
      <div className={classes.foot}>
        <span className="numeric">
          {all ? "" : `The first ${found.data.length.toLocaleString("en-US")} of `}
          {data.rows.toLocaleString("en-US")} rows, {data.columns.length} columns
          {data.columns.length > COLUMNS ? ` of which ${COLUMNS} are shown` : ""}
        </span>
        {!all && (
          <Button
            size="compact-sm"
            variant="default"
            loading={found.isFetching}
            onClick={() => setMost(most + ROWS)}
          >
            Show more
          </Button>
        )}
      </div>
    </>
  );
}

/** Bytes of what is read for the first rows, as the file says. */
function unpacked(metadata: FileMetaData, wanted: ReadonlySet<string>, rows: number): number {
  let bytes = 0;
  let before = 0;
  for (const group of metadata.row_groups) {
    if (before >= rows) break;
    before += Number(group.num_rows);
    for (const { meta_data: column } of group.columns)
      if (column && wanted.has(column.path_in_schema[0] ?? ""))
        bytes += Number(column.total_uncompressed_size);
  }
  return bytes;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object")
    return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one));
  return String(value);
}
