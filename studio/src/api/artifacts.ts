/** Files of runs and models: listed, read in parts, sent, deleted. */
import { ApiError, address, get, request, upload } from "@/api/http";

export interface Entry {
  /** From the top of what it belongs to. */
  path: string;
  isDir: boolean;
  /** null: a directory, or not known. */
  size: number | null;
}

/** Where files come from: a run, a logged model, a datastore. */
export interface FileSource {
  /** Tells it from all others, in keys of queries. */
  key: string;
  list: (path: string, signal?: AbortSignal) => Promise<Entry[]>;
  /** An address at which a browser shows the file, without letting it act as Studio. */
  preview: (path: string) => string;
  /** An address at which a browser saves it. */
  download: (path: string) => string;
  /** An address at which a browser saves a directory with all that is below it. */
  archive?: (path: string) => string;
  /** What Python calls the file or directory; "": it has no such name. */
  uri: (path: string) => string;
  /** A browser does not show its files at their addresses, but saves them: pages and documents are seen as text. */
  onlySaved?: boolean;
  /** Without it nothing can be changed. */
  write?: {
    upload: (
      path: string,
      file: Blob,
      options: { onProgress?: (sent: number) => void; signal?: AbortSignal },
    ) => Promise<void>;
    remove: (path: string, keepalive: boolean) => Promise<unknown>;
  };
}

interface Listing {
  files?: { path: string; is_dir: boolean; file_size?: number }[];
}

const entries = (answer: Listing): Entry[] =>
  (answer.files ?? []).map((one) => ({ path: one.path, isDir: one.is_dir, size: one.file_size ?? null }));

const PROXY = "/ajax-api/2.0/mlflow-artifacts/artifacts";

/** Files of a run. Those that lie beyond this server, in a store of somebody's own, are only read. */
export function runFiles(workspace: string, run: string, artifactUri: string): FileSource {
  const root = proxied(artifactUri);
  const place = (path: string) =>
    address(
      workspace,
      `${PROXY}/${`${root}/${path}`.split("/").filter(Boolean).map(encodeURIComponent).join("/")}`,
    );
  return {
    key: `run ${workspace} ${run}`,
    list: async (path, signal) =>
      entries(
        await get<Listing>(
          address(workspace, "/ajax-api/2.0/mlflow/artifacts/list", { run_id: run, path: path || null }),
          signal,
        ),
      ),
    preview: (path) => address(workspace, "/api/v1/preview", { run_id: run, path }),
    download: (path) => address(workspace, "/get-artifact", { run_id: run, path }),
    archive: (path) => address(workspace, "/api/v1/archive", { run_id: run, path: path || null }),
    uri: (path) => `runs:/${run}/${path}`,
    ...(root === null
      ? {}
      : {
          write: {
            upload: (path, file, options) => upload(place(path), file, options),
            remove: (path, keepalive) => request("DELETE", place(path), { keepalive }),
          },
        }),
  };
}

/** Files of a model that a run logged: they are kept as they were when it was done. */
export function loggedModelFiles(workspace: string, model: string): FileSource {
  const base = `/ajax-api/2.0/mlflow/logged-models/${encodeURIComponent(model)}/artifacts`;
  return {
    key: `logged model ${workspace} ${model}`,
    list: async (path, signal) =>
      entries(
        await get<Listing>(
          address(workspace, `${base}/directories`, { artifact_directory_path: path || null }),
          signal,
        ),
      ),
    preview: (path) => address(workspace, "/api/v1/preview/logged-models", { model_id: model, path }),
    download: (path) => address(workspace, `${base}/files`, { artifact_file_path: path }),
    uri: (path) => (path === "" ? `models:/${model}` : ""),
  };
}

/** `mlflow-artifacts:/7/…` → `7/…`; null: it does not lie with this server. */
export function proxied(uri: string): string | null {
  const found = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(uri);
  return found ? found[1]! : null;
}

export interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the whole file. */
  total: number;
}

/** Bytes of a file from a place on; fewer where it ends. Throws ApiError. */
export async function readPart(url: string, from: number, size: number, signal?: AbortSignal): Promise<Part> {
  try {
    const response = await request("GET", url, {
      signal,
      headers: { Range: `bytes=${from}-${from + size - 1}`, Accept: "*/*" },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const told = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "");
    if (response.status === 206) return { bytes, total: told ? Number(told[1]) : from + bytes.length };
    return { bytes: bytes.slice(from, from + size), total: bytes.length };
  } catch (error) {
    // Beyond the end there is nothing: so it is with every place of an empty file.
    if (error instanceof ApiError && error.status === 416) return { bytes: new Uint8Array(), total: from };
    throw error;
  }
}
