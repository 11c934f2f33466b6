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

/** Reads a log in parts; how long it is comes with each. */
export function runLogReader(workspace: string, run: string, name: string): LogReader {
  const read = async (offset: number, limit: number, signal?: AbortSignal) => {
    const url = one(workspace, run, "/content", { name, offset, limit });
    const response = await request("GET", url, { signal, headers: { Accept: "*/*" } });
    return { response, size: Number(response.headers.get("x-log-size") ?? 0) };
  };
  return {
    key: `log ${workspace} ${run} ${name}`,
    size: async (signal) => (await read(0, 1, signal)).size,
    part: async (from, size, signal) =>
      new Uint8Array(await (await read(from, size, signal)).response.arrayBuffer()),
  };
}

export const runLogDownload = (workspace: string, run: string, name: string): string =>
  one(workspace, run, "/content", { name });
