/** Logs among the files of a run. */
import { NativeSelect } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { runFiles } from "@/api/artifacts";
import { fileReader, logsQuery } from "@/api/logs";
import { CodeToCopy } from "@/components/Copy";
import { Broken, Empty, Waiting } from "@/components/states";
import { LogView } from "@/pages/run/logs/LogView";
import type { PartProps } from "@/pages/run/RunPage";

export function KeptLogs({ workspace, page, search, change }: PartProps) {
  const { info } = page.run;
  const source = useMemo(
    () => runFiles(workspace, info.run_id, info.artifact_uri),
    [workspace, info.run_id, info.artifact_uri],
  );
  const found = useQuery(logsQuery(source));
  const log = found.data?.find((one) => one.path === search.log) ?? found.data?.[0];
  const url = log ? source.preview(log.path) : "";
  const reader = useMemo(() => fileReader(url), [url]);
  const going = info.status === "RUNNING";
  const none = found.data?.length === 0;
  const { refetch } = found;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that changed may have written its first log
  useEffect(() => {
    if (none && going) refetch();
  }, [page.version]);
  if (found.isPending) return <Waiting label="Looking for logs" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const logs = found.data;
  if (!log)
    return (
      <Empty title="No logs" icon={<IconTerminal2 size={28} aria-hidden />}>
        Files below <code>logs/</code>, and those that end in <code>.log</code>, are shown here:
        <CodeToCopy text={'import mlflow\n\nmlflow.log_artifact("train.log", "logs")'} />
      </Empty>
    );
  return (
    <LogView
      key={log.path}
      reader={reader}
      download={source.download(log.path)}
      name={log.path}
      going={going}
      version={page.version}
      choice={
        <NativeSelect
          aria-label="Log"
          size="xs"
          value={log.path}
          onChange={(event) => change({ log: event.currentTarget.value })}
          data={logs.map((one) => one.path)}
        />
      }
    />
  );
}
