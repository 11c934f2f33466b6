/** Uploads that go on: one after another, so that one slow line is not shared by many. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { FileSource } from "@/api/artifacts";
import { useSay } from "@/components/notices";

export interface Upload {
  id: number;
  path: string;
  size: number;
  sent: number;
  stop: () => void;
}

export interface Chosen {
  /** Below the directory that it goes to. */
  name: string;
  file: File;
}

export function useUploads(source: FileSource, uploaded: (path: string) => void) {
  const [uploads, setUploads] = useState<Upload[]>([]);
  const next = useRef(1);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const say = useSay();
  const client = useQueryClient();
  const going = uploads.length > 0;
  useEffect(() => {
    if (!going) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [going]);

  const start = useCallback(
    (folder: string, files: readonly Chosen[]) => {
      const sent: string[] = [];
      const one = ({ name, file }: Chosen) => {
        const id = next.current++;
        const path = folder ? `${folder}/${name}` : name;
        const control = new AbortController();
        const change = (part: Partial<Upload>) =>
          setUploads((all) => all.map((it) => (it.id === id ? { ...it, ...part } : it)));
        setUploads((all) => [...all, { id, path, size: file.size, sent: 0, stop: () => control.abort() }]);
        queue.current = queue.current.then(async () => {
          try {
            control.signal.throwIfAborted();
            await source.write?.upload(path, file, {
              signal: control.signal,
              onProgress: (bytes) => change({ sent: bytes }),
            });
            await client.invalidateQueries({ queryKey: ["files", source.key] });
            uploaded(path);
            sent.push(name);
          } catch (error) {
            if (!(error instanceof DOMException && error.name === "AbortError")) say.error(error);
          } finally {
            setUploads((all) => all.filter((it) => it.id !== id));
          }
        });
      };
      files.forEach(one);
      queue.current = queue.current.then(() => {
        if (sent.length > 0)
          say.done(sent.length === 1 ? `Uploaded ${sent[0]}` : `Uploaded ${sent.length} files`);
      });
    },
    [source, client, say, uploaded],
  );
  return { uploads, start };
}

/** What was dropped: files, and those in directories. */
export async function dropped(transfer: DataTransfer): Promise<Chosen[]> {
  const roots = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((one) => one !== null);
  if (roots.length === 0) return [...transfer.files].map((file) => ({ name: file.name, file }));
  const found: Chosen[] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    const name = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) {
      const file = await new Promise<File>((done, failed) =>
        (entry as FileSystemFileEntry).file(done, failed),
      );
      found.push({ name, file });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A reader answers some entries at a time, until there are none.
      const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const root of roots) await walk(root);
  return found;
}
