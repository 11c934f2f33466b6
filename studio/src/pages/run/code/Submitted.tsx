/** The sources that the run was submitted with. */
import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Job } from "@/api/jobs";
import { archiveAddress, snapshotFiles, snapshotQuery } from "@/api/snapshots";
import { Browser } from "@/components/artifacts/Browser";
import { Broken, Empty, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import type { ChangeRunSearch } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

const NONE: never[] = [];

export function Submitted({
  workspace,
  job,
  path,
  change,
}: {
  workspace: string;
  job: Job;
  path: string;
  change: ChangeRunSearch;
}) {
  const found = useQuery(snapshotQuery(workspace, job.run_id));
  const files = found.data?.files ?? NONE;
  const source = useMemo(() => snapshotFiles(workspace, job.run_id, files), [workspace, job.run_id, files]);
  if (found.isPending) return <Waiting label="Loading the list of files" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  if (found.data === null)
    return (
      <Empty title="The sources are not here any more">They were removed from the server's files.</Empty>
    );
  const { script = "" } = job.definition;
  const first = files.some((one) => one.path === script) ? script : "";
  const size = files.reduce((sum, one) => sum + one.size, 0);
  return (
    <>
      <div className={classes.sources}>
        <span className="quiet numeric">
          {files.length.toLocaleString("en-US")} {files.length === 1 ? "file" : "files"}, {bytes(size)},
          snapshot <span className={classes.hash}>{found.data.snapshot_id.slice(0, 12)}</span>
        </span>
        <Button
          component="a"
          variant="default"
          href={archiveAddress(workspace, job.run_id)}
          download
          leftSection={<IconDownload size={15} />}
        >
          Download all
        </Button>
      </div>
      <Browser
        source={source}
        path={path || first}
        show={(next) => change({ path: next }, true)}
        heading={<b>Sources</b>}
        empty="The run was submitted without any file."
      />
    </>
  );
}
