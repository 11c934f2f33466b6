/** Logs of a run: which files they are, and how large. */
import { queryOptions } from "@tanstack/react-query";
import { type Entry, type FileSource, readPart } from "@/api/artifacts";
import { request } from "@/api/http";
import { isLog, nameOf } from "@/lib/file-kind";

const MOST_FOLDERS = 12;
const DEPTH = 3;

/** Logs at the top, and in directories that are called so. */
export const logsQuery = (source: FileSource) =>
  queryOptions({
    queryKey: ["logs", source.key],
    queryFn: async ({ signal }) => {
      const found: Entry[] = [];
      let folders = [""];
      let looked = 0;
      for (let depth = 0; depth < DEPTH && folders.length > 0; depth++) {
        const next: string[] = [];
        for (const folder of folders) {
          if (looked++ >= MOST_FOLDERS) return found;
          for (const entry of await source.list(folder, signal)) {
            if (!entry.isDir && isLog(entry.path)) found.push(entry);
            if (entry.isDir && (/logs?$/i.test(nameOf(entry.path)) || folder !== "")) next.push(entry.path);
          }
        }
        folders = next;
      }
      return found;
    },
    staleTime: 10_000,
  });

/** How a log is read: how long it is now, and bytes from a place on. */
export interface LogReader {
  /** Tells it from all others. */
  key: string;
  size: (signal?: AbortSignal) => Promise<number>;
  /** It is only ever written on: it need not be asked whether it became shorter. */
  grows?: boolean;
  /** At most so many bytes, fewer where one must go on with another part. */
  part: (from: number, size: number, signal?: AbortSignal) => Promise<LogPart>;
}

export interface LogPart {
  bytes: Uint8Array<ArrayBuffer>;
  /** From where to go on: further than the bytes reach where some were left out. */
  next: number;
}

/** Reads a file at an address. */
export const fileReader = (url: string): LogReader => ({
  key: url,
  size: (signal) => sizeOf(url, signal),
  part: async (from, size, signal) => {
    const { bytes } = await readPart(url, from, size, signal);
    return { bytes, next: from + bytes.length };
  },
});

/** How many bytes a file has now. */
async function sizeOf(url: string, signal?: AbortSignal): Promise<number> {
  const response = await request("HEAD", url, { signal, headers: { Accept: "*/*" } });
  return Number(response.headers.get("Content-Length") ?? 0);
}
