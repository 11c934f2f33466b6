/** Datastores of a workspace and the files in them. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { FileSource } from "@/api/artifacts";
import { address, get, json, post } from "@/api/http";

export type ConfigValue = string | number | boolean;

export interface Datastore {
  name: string;
  kind: "workspace" | "local" | "s3" | "azure" | "gcs" | "sftp" | string;
  config: Record<string, ConfigValue>;
  has_secret: boolean;
  is_default: boolean;
  built_in: boolean;
  created_by: string;
  created_ms: number;
  updated_ms: number;
}

export interface NewDatastore {
  name: string;
  kind: string;
  config: Record<string, ConfigValue>;
  secret?: Record<string, string>;
  skip_validation: boolean;
}

/** By its whole path; folders have no size. */
export interface StoredFile {
  path: string;
  is_dir: boolean;
  size: number | null;
}

const one = (workspace: string, name: string, rest = "") =>
  address(workspace, `/api/v1/datastores/${encodeURIComponent(name)}${rest}`);
const inPath = (path: string) => path.split("/").map(encodeURIComponent).join("/");

export const datastoresQuery = (workspace: string) =>
  infiniteQueryOptions({
    queryKey: ["datastores", workspace],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: Datastore[]; next_page_token?: string | null }>(
        address(workspace, "/api/v1/datastores", { max_results: 100, page_token: pageParam || null }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

export const datastoreQuery = (workspace: string, name: string) =>
  queryOptions({
    queryKey: ["datastore", workspace, name],
    queryFn: ({ signal }) => get<Datastore>(one(workspace, name), signal),
  });

/** One folder, by name. */
export const filesQuery = (workspace: string, name: string, path: string) =>
  infiniteQueryOptions({
    queryKey: ["datastore files", workspace, name, path],
    queryFn: ({ pageParam, signal }) =>
      get<{ items: StoredFile[]; next_page_token?: string | null }>(
        address(workspace, `/api/v1/datastores/${encodeURIComponent(name)}/files`, {
          path,
          max_results: 500,
          page_token: pageParam || null,
        }),
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token || undefined,
  });

/** A file, by its whole path; null when there is none. */
export async function findFile(workspace: string, name: string, path: string): Promise<StoredFile | null> {
  const url = address(workspace, `/api/v1/datastores/${encodeURIComponent(name)}/files`, {
    path,
    max_results: 1,
  });
  const [first] = (await get<{ items: StoredFile[] }>(url)).items;
  return first !== undefined && first.path === path && !first.is_dir ? first : null;
}

export const fileQuery = (workspace: string, name: string, path: string) =>
  queryOptions({
    queryKey: ["datastore file", workspace, name, path],
    queryFn: () => findFile(workspace, name, path),
  });

export const fileAddress = (workspace: string, name: string, path: string): string =>
  one(workspace, name, `/file/${inPath(path)}`);

/** As previews take it. */
export const datastoreFiles = (workspace: string, name: string): FileSource => ({
  key: `datastore ${workspace} ${name}`,
  list: async (path, signal) => {
    const url = address(workspace, `/api/v1/datastores/${encodeURIComponent(name)}/files`, { path });
    const { items } = await get<{ items: StoredFile[] }>(url, signal);
    return items.map((file) => ({ path: file.path, isDir: file.is_dir, size: file.size }));
  },
  preview: (path) => one(workspace, name, `/preview/${inPath(path)}`),
  download: (path) => fileAddress(workspace, name, path),
  uri: () => "",
});

export const attachDatastore = (workspace: string, datastore: NewDatastore) =>
  post<Datastore>(address(workspace, "/api/v1/datastores"), datastore);
export const unregisterDatastore = (workspace: string, name: string) => json("DELETE", one(workspace, name));
export const makeDefault = (workspace: string, name: string) => post(one(workspace, name, "/default"), {});
/** Of a folder all that is below it. */
export const deleteFile = (workspace: string, name: string, path: string) =>
  json("DELETE", fileAddress(workspace, name, path));
