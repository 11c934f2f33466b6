/** Logs of a submitted run, from the first line of its environment's build on. */
import { NativeSelect } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { runFiles } from "@/api/artifacts";
import { type Job, tailQuery } from "@/api/jobs";
import { useLiveLogs } from "@/api/live";
import { fileReader, type LogReader, logsQuery } from "@/api/logs";
import { runLogReader, runLogsQuery, wholeLog } from "@/api/run-logs";
import { Ansi } from "@/components/artifacts/Ansi";
import { Broken, Empty, Waiting } from "@/components/states";
import { ended, errorWords, STATE_WORDS, SUBMITTER, stateText } from "@/lib/job-state";
import { BUILD, firstRead, inOrder, OUTPUT } from "@/lib/run-logs";
import { LogView } from "@/pages/run/logs/LogView";
import classes from "@/pages/run/logs/logs.module.css";
import type { PartProps } from "@/pages/run/RunPage";

/** New logs, and whether they are complete; lines of the one that is read are asked for by themselves. */
const LIST_MS = 3_000;
const WORDS: Record<string, string> = { [BUILD]: "Environment", [OUTPUT]: "Output" };

interface Log {
  name: string;
  size: number;
  sealed: boolean;
  reader: LogReader;
  download: string | (() => Promise<Blob>);
}

export function JobLogs({ workspace, page, search, change, job }: PartProps & { job: Job }) {
  const { info } = page.run;
  const going = !ended(job.state);
  const live = useQuery({
    ...runLogsQuery(workspace, info.run_id),
    refetchInterval: going ? LIST_MS : false,
  });
  const source = useMemo(
    () => runFiles(workspace, info.run_id, info.artifact_uri),
    [workspace, info.run_id, info.artifact_uri],
  );
  // Files that the script itself kept as logs.
  const kept = useQuery({ ...logsQuery(source), enabled: !going });
  const [pulse, setPulse] = useState(0);
  useLiveLogs(workspace, info.run_id, () => setPulse((old) => old + 1));
  const { refetch } = live;
  // biome-ignore lint/correctness/useExhaustiveDependencies: at the end the list is another one
  useEffect(() => void refetch(), [going]);
  const logs = useMemo(() => {
    const written = (live.data ?? []).map(({ name, size, sealed }): Log => {
      const reader = runLogReader(workspace, info.run_id, name);
      return { name, size, sealed, reader, download: () => wholeLog(reader) };
    });
    const names = new Set(written.map((one) => one.name));
    const others = (kept.data ?? [])
      .filter((one) => !names.has(one.path))
      .map(
        ({ path, size }): Log => ({
          name: path,
          size: size ?? 0,
          sealed: true,
          reader: fileReader(source.preview(path)),
          download: source.download(path),
        }),
      );
    return inOrder([...written, ...others]);
  }, [live.data, kept.data, workspace, info.run_id, source]);
  const log = logs.find((one) => one.name === search.log) ?? firstRead(logs);
  const key = log?.reader.key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a list that is read anew has the same logs in it
  const reader = useMemo(() => log?.reader, [key]);
  if (live.isPending) return <Waiting label="Looking for logs" />;
  if (live.isError && !live.data) return <Broken error={live.error} again={() => live.refetch()} />;
  if (!log || !reader) return <NoLogs workspace={workspace} job={job} />;
  return (
    <LogView
      key={log.name}
      reader={reader}
      download={log.download}
      name={log.name}
      going={going && !log.sealed}
      version={page.version + pulse}
      choice={
        <NativeSelect
          aria-label="Log"
          size="xs"
          value={log.name}
          onChange={(event) => change({ log: event.currentTarget.value })}
          data={logs.map((one) => ({
            value: one.name,
            label: WORDS[one.name] ? `${WORDS[one.name]}: ${one.name}` : one.name,
          }))}
        />
      }
    />
  );
}

/** Nothing came from its machine: why, and what the compute target has to say. */
function NoLogs({ workspace, job }: { workspace: string; job: Job }) {
  const done = ended(job.state);
  const tail = useQuery({
    ...tailQuery(workspace, job.run_id),
    enabled: job.target !== SUBMITTER,
    refetchInterval: done ? false : LIST_MS,
    retry: false,
  });
  return (
    <>
      <Empty
        title={done ? "Nothing was written" : "Nothing was written yet"}
        icon={<IconTerminal2 size={28} aria-hidden />}
      >
        {job.error && job.state !== "Canceled"
          ? `${errorWords(job.error.code).title}: ${job.error.message}`
          : `${STATE_WORDS[job.state]}. ${stateText(job)} ${job.waits}`}
        {!done && " Lines appear here as they are written."}
      </Empty>
      {tail.data && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={`panel ${classes.tail}`} aria-label="What the compute target says" tabIndex={0}>
          <Ansi text={tail.data} />
        </section>
      )}
    </>
  );
}
