/** Submitting a run with files of one's own: its sources first, each content once, then the job. */
import { address, post, upload } from "@/api/http";
import type { JobDefinition, Made } from "@/api/jobs";

export interface SourceFile {
  /** Below the folder in which the command runs. */
  path: string;
  file: Blob;
}

export interface NewJob {
  experiment_name: string;
  run_name?: string;
  target: string;
  definition: JobDefinition;
  snapshot_id: string;
}

interface Kept {
  snapshot_id: string;
  missing: string[];
}

/** Whether a browser tells contents apart here: it does over HTTPS and on the server's own machine. */
export const canSubmit = (): boolean => globalThis.crypto?.subtle !== undefined;

async function sha256(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (one) => one.toString(16).padStart(2, "0")).join("");
}

/** The id of the sources, of which only what the server has not yet is sent. */
export async function keepSources(workspace: string, sources: readonly SourceFile[]): Promise<string> {
  const contents = new Map<string, Blob>();
  const files: { path: string; sha256: string; size: number; executable: boolean }[] = [];
  for (const { path, file } of sources) {
    const hash = await sha256(file);
    contents.set(hash, file);
    files.push({ path, sha256: hash, size: file.size, executable: false });
  }
  const keep = () => post<Kept>(address(workspace, "/api/v1/snapshots"), { files });
  const kept = await keep();
  if (kept.missing.length === 0) return kept.snapshot_id;
  for (const hash of kept.missing)
    await upload(address(workspace, `/api/v1/snapshot-blobs/${hash}`), contents.get(hash)!);
  return (await keep()).snapshot_id;
}

export const submitJob = (workspace: string, job: NewJob) =>
  post<Made>(address(workspace, "/api/v1/jobs"), job);
