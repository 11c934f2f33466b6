/** The one way to the server: addresses, the session's token, errors. Everything Studio asks goes through here. */
import { unpack } from "@/api/msgpack";

/** What the server said about a request that it did not do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | null | undefined>;

const WRONG_TOKEN = "CSRF_TOKEN_WRONG";
let csrfToken: string | null = null;

/** Of whom the page shows what they may see. */
let reader: string | null = null;
let renewing: Promise<void> | null = null;

/** Kept for the requests that follow: the session's token, which only a cookie session has, and whose session it is. */
export function rememberSession(token: string | null | undefined, person: string): void {
  csrfToken = token ?? null;
  reader = person;
}

/** The path of a route of a workspace; `null`: one of the server as a whole. */
export function address(workspace: string | null, route: string, params?: Params): string {
  const base = workspace === null ? "" : `/workspaces/${encodeURIComponent(workspace)}`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === null || value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return `${base}${route}${text ? `?${text}` : ""}`;
}

interface Options {
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  /** It is sent even when the page closes. */
  keepalive?: boolean;
}

/** A request that is answered in JSON. Throws ApiError. */
export async function json<T>(method: string, url: string, options: Options = {}): Promise<T> {
  const response = await request(method, url, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : {}) as T;
}

export const get = <T>(url: string, signal?: AbortSignal) => json<T>("GET", url, { signal });
export const post = <T>(url: string, body: unknown, signal?: AbortSignal) =>
  json<T>("POST", url, { body, signal });

/** A read that is answered in packed columns (see columns.ts). Throws ApiError. */
export async function packed<T>(url: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await request("POST", url, { body, signal });
  return unpack(new Uint8Array(await response.arrayBuffer())) as T;
}

/** The raw answer, for files. Throws ApiError. */
export async function request(method: string, url: string, options: Options = {}): Promise<Response> {
  const sent = csrfToken;
  const response = await send(method, url, options);
  if (response.ok) return response;
  const error = await errorOf(response);
  if (!(await isRenewed(error, sent))) throw error;
  const again = await send(method, url, options);
  if (!again.ok) throw await errorOf(again);
  return again;
}

/**
 * Whether a request that was refused for its token may come again: the session is another one than when the page was
 * loaded, because somebody logged in again in another tab. When that is somebody else, the page begins anew as theirs.
 */
async function isRenewed(error: ApiError, sent: string | null): Promise<boolean> {
  if (error.code !== WRONG_TOKEN) return false;
  if (csrfToken === sent) {
    renewing ??= renew().finally(() => {
      renewing = null;
    });
    await renewing;
  }
  return csrfToken !== null && csrfToken !== sent;
}

async function renew(): Promise<void> {
  const response = await send("GET", address(null, "/api/v1/me"), {});
  if (!response.ok) throw await errorOf(response);
  const me = (await response.json()) as { principal: { uuid: string }; csrf_token?: string | null };
  if (reader !== null && me.principal.uuid !== reader) location.reload();
  else rememberSession(me.csrf_token, me.principal.uuid);
}

async function send(method: string, url: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  let body: BodyInit | null = null;
  if (options.body instanceof Blob) {
    body = options.body;
  } else if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.body);
  }
  if (csrfToken !== null && method !== "GET") headers["X-Runyard-CSRF"] = csrfToken;
  try {
    return await fetch(url, {
      method,
      headers,
      body,
      signal: options.signal ?? null,
      credentials: "same-origin",
      keepalive: options.keepalive ?? false,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "The server does not answer. It is asked again by itself.");
  }
}

/** Sends a file and tells how much of it is on its way: `fetch` cannot. Throws ApiError, or AbortError when stopped. */
export async function upload(url: string, file: Blob, options: UploadOptions = {}): Promise<void> {
  const sent = csrfToken;
  try {
    await uploadOnce(url, file, options);
  } catch (error) {
    if (!(error instanceof ApiError) || !(await isRenewed(error, sent))) throw error;
    await uploadOnce(url, file, options);
  }
}

interface UploadOptions {
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

function uploadOnce(url: string, file: Blob, { onProgress, signal }: UploadOptions): Promise<void> {
  return new Promise((done, failed) => {
    const work = new XMLHttpRequest();
    const stopped = () => failed(new DOMException("The upload was stopped.", "AbortError"));
    work.open("PUT", url);
    work.setRequestHeader("Accept", "application/json");
    work.setRequestHeader("Content-Type", "application/octet-stream");
    if (csrfToken !== null) work.setRequestHeader("X-Runyard-CSRF", csrfToken);
    work.upload.onprogress = (event) => onProgress?.(event.loaded);
    work.onload = () =>
      work.status < 400 ? done() : failed(told(work.status, work.responseText, work.statusText));
    work.onerror = () =>
      failed(new ApiError(0, "UNREACHABLE", "The server broke the upload off, or is away."));
    work.onabort = stopped;
    if (signal?.aborted) return stopped();
    signal?.addEventListener("abort", () => work.abort());
    work.send(file);
  });
}

const errorOf = async (response: Response): Promise<ApiError> =>
  told(response.status, await response.text(), response.statusText);

function told(status: number, text: string, otherwise: string): ApiError {
  try {
    const said = JSON.parse(text) as { error_code?: string; message?: string };
    return new ApiError(status, said.error_code ?? "ERROR", said.message ?? otherwise);
  } catch {
    return new ApiError(status, "ERROR", text.slice(0, 500) || otherwise);
  }
}

/** Whether nobody is logged in. */
export const isLoggedOut = (error: unknown): boolean => error instanceof ApiError && error.status === 401;
