/** Files on their way into a datastore: one after the other, each can be stopped. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { fileAddress, findFile } from "@/api/datastores";
import { upload } from "@/api/http";
import { within } from "@/pages/datastores/search";

export interface Upload {
  id: number;
  path: string;
  size: number;
  sent: number;
  state: "waiting" | "exists" | "sending" | "done" | "stopped" | "failed";
  problem?: string;
}

interface Task extends Upload {
  file: File;
  stop: AbortController;
  /** Somebody said that it may take the place of the file that is there. */
  over: boolean;
}

export interface Uploads {
  all: readonly Upload[];
  add: (folder: string, files: readonly File[]) => void;
  /** Goes on with one that waits for leave to take another's place. */
  replace: (id: number) => void;
  stop: (id: number) => void;
  clear: () => void;
}

export function useUploads(workspace: string, name: string): Uploads {
  const [all, setAll] = useState<readonly Task[]>([]);
  const tasks = useRef<Task[]>([]);
  const next = useRef(1);
  const busy = useRef(false);
  const client = useQueryClient();
  const show = () => setAll([...tasks.current]);
  const change = (task: Task, changed: Partial<Task>) => {
    Object.assign(task, changed);
    tasks.current = tasks.current.map((one) => (one.id === task.id ? task : one));
    show();
  };
  const isThere = async (path: string): Promise<boolean> => (await findFile(workspace, name, path)) !== null;
  const send = async (task: Task) => {
    const url = fileAddress(workspace, name, task.path);
    const { signal } = task.stop;
    try {
      if (!task.over && (await isThere(task.path))) return change(task, { state: "exists" });
      change(task, { state: "sending" });
      await upload(url, task.file, { signal, onProgress: (sent) => change(task, { sent }) });
      change(task, { state: "done", sent: task.size });
      await client.invalidateQueries({ queryKey: ["datastore files", workspace, name] });
    } catch (error) {
      if (signal.aborted) change(task, { state: "stopped" });
      else change(task, { state: "failed", problem: error instanceof Error ? error.message : String(error) });
    }
  };
  const work = async () => {
    if (busy.current) return;
    busy.current = true;
    for (;;) {
      const task = tasks.current.find((one) => one.state === "waiting");
      if (!task) break;
      await send(task);
    }
    busy.current = false;
  };
  // Who leaves the page while files are on their way is asked first.
  const moving = all.some((one) => one.state === "sending" || one.state === "waiting");
  useEffect(() => {
    if (!moving) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [moving]);
  const find = (id: number) => tasks.current.find((one) => one.id === id);
  return {
    all,
    add: (folder, files) => {
      tasks.current = [
        ...tasks.current,
        ...files.map(
          (file): Task => ({
            id: next.current++,
            path: within(folder, file.name),
            size: file.size,
            sent: 0,
            state: "waiting",
            file,
            stop: new AbortController(),
            over: false,
          }),
        ),
      ];
      show();
      void work();
    },
    replace: (id) => {
      const task = find(id);
      if (!task) return;
      change(task, { state: "waiting", over: true });
      void work();
    },
    stop: (id) => {
      const task = find(id);
      if (!task) return;
      task.stop.abort();
      if (task.state !== "sending") change(task, { state: "stopped" });
    },
    clear: () => {
      tasks.current = tasks.current.filter((one) => one.state === "sending" || one.state === "waiting");
      show();
    },
  };
}
