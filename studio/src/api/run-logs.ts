/** Logs of submitted runs: they can be read while they are written. */
import { queryOptions } from "@tanstack/react-query";
import { address, get, request } from "@/api/http";
import type { LogReader } from "@/api/logs";

export interface RunLog {
  name: string;
  size: number;
  /** Nothing is written to it any more. */
  sealed: boolean;
  updated_ms: number;
}

const one = (workspace: string, run: string, rest = "", params = {}) =>
  address(workspace, `/api/v1/runs/${encodeURIComponent(run)}/logs${rest}`, params);

export const runLogsQuery = (workspace: string, run: string) =>
  queryOptions({
    queryKey: ["run logs", workspace, run],
    queryFn: async ({ signal }) => (await get<{ items: RunLog[] }>(one(workspace, run), signal)).items,
  });

/** The server answers no more at once. */
const MOST_BYTES = 1024 * 1024;

/** Reads a log in parts; how long it is comes with each. */
export function runLogReader(workspace: string, run: string, name: string): LogReader {
  const read = async (offset: number, limit: number, signal?: AbortSignal) => {
    const params = { name, offset, limit: Math.min(limit, MOST_BYTES) };
    return await request("GET", one(workspace, run, "/content", params), {
      signal,
      headers: { Accept: "*/*" },
    });
  };
  const told = (response: Response, header: string, usual: number) =>
    Number(response.headers.get(header) ?? usual);
  return {
    key: `log ${workspace} ${run} ${name}`,
    grows: true,
    size: async (signal) => told(await read(0, 1, signal), "x-log-size", 0),
    part: async (from, size, signal) => {
      const response = await read(from, size, signal);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return { bytes, next: told(response, "x-log-next", from + bytes.length) };
    },
  };
}

/** All of a log that is there now. */
export async function wholeLog(reader: LogReader): Promise<Blob> {
  const parts: BlobPart[] = [];
  const size = await reader.size();
  for (let from = 0; from < size; ) {
    const { bytes, next } = await reader.part(from, MOST_BYTES);
    if (next <= from) break;
    parts.push(bytes);
    from = next;
  }
  return new Blob(parts, { type: "text/plain" });
}
