/** From which code the run came: where it stood in git, what was changed, what was installed. */
import { NativeSelect, SegmentedControl } from "@mantine/core";
import { IconCode } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { runFiles } from "@/api/artifacts";
import { codeQuery, tagOf } from "@/api/run";
import artifacts from "@/components/artifacts/artifacts.module.css";
import { Preview } from "@/components/artifacts/Preview";
import { DiffFiles } from "@/components/artifacts/previews/DiffFiles";
import { CodeToCopy } from "@/components/Copy";
import { Facts } from "@/components/Facts";
import { Broken, Empty, Waiting } from "@/components/states";
import { Submitted } from "@/pages/run/code/Submitted";
import { Commit } from "@/pages/run/overview/About";
import type { PartProps } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

/** What MLflow's clients note of changes that were not committed. */
const DIFF_TAG = "mlflow.git.diff";
const NOTED = "Changes noted with the run";

export default function Code({ workspace, page, job, search, change }: PartProps) {
  const { info } = page.run;
  const tag = (key: string) => tagOf(page.run, key);
  const source = useMemo(
    () => runFiles(workspace, info.run_id, info.artifact_uri),
    [workspace, info.run_id, info.artifact_uri],
  );
  const found = useQuery(codeQuery(source));
  const [seen, setSeen] = useState<"submitted" | "kept">("submitted");
  const commit = tag("mlflow.source.git.commit");
  const name = tag("mlflow.source.name");
  const noted = tag(DIFF_TAG);
  const submitted = job !== null && job.snapshot_id !== "";
  if (found.isPending && !submitted) return <Waiting label="Looking for code" />;
  if (found.isError && !submitted) return <Broken error={found.error} again={() => found.refetch()} />;
  const files = found.data ?? [];
  const names = [...(noted ? [NOTED] : []), ...files.map((one) => one.path)];
  const chosen = names.includes(search.path) ? search.path : (names[0] ?? "");
  const file = files.find((one) => one.path === chosen);
  return (
    <>
      {(!submitted || name || commit || names.length > 0) && (
        <section className={`panel ${classes.card}`} aria-label="Source" style={{ margin: "8px 0 10px" }}>
          <Facts
            facts={[
              ["Source", name],
              ["Commit", commit ? <Commit key="c" page={page} /> : ""],
              ["Branch", tag("mlflow.source.git.branch")],
              ["Repository", tag("mlflow.source.git.repoURL")],
              ["Entry point", tag("mlflow.project.entryPoint")],
            ]}
          />
          {submitted && names.length > 0 && (
            <SegmentedControl
              mt="xs"
              aria-label="Which code"
              value={seen}
              onChange={(value) => {
                setSeen(value as typeof seen);
                change({ path: "" }, true);
              }}
              data={[
                { value: "submitted", label: "As submitted" },
                { value: "kept", label: "Kept by the run" },
              ]}
            />
          )}
          {!submitted && !name && !commit && (
            <span className="quiet">The run did not tell where its code is.</span>
          )}
        </section>
      )}
      {submitted && (seen === "submitted" || names.length === 0) ? (
        <Submitted workspace={workspace} job={job} path={search.path} change={change} />
      ) : names.length === 0 ? (
        <Empty title="No code was kept" icon={<IconCode size={28} aria-hidden />}>
          Files below <code>code/</code>, patches and lists of packages are shown here:
          <CodeToCopy
            text={
              'import mlflow, subprocess\n\nmlflow.log_artifacts("src", "code")\nchanges = subprocess.check_output(["git", "diff", "HEAD"], text=True)\nmlflow.log_text(changes, "code/changes.patch")'
            }
          />
        </Empty>
      ) : (
        <section className={`panel ${artifacts.main}`} style={{ flex: 1 }} aria-label="Code">
          <div className={artifacts.sideHead}>
            <NativeSelect
              size="xs"
              aria-label="File"
              maw={420}
              value={chosen}
              onChange={(event) => change({ path: event.currentTarget.value })}
              data={names}
            />
          </div>
          {file ? (
            <Preview key={file.path} source={source} path={file.path} size={file.size} />
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
            <div className={artifacts.content} tabIndex={0}>
              <DiffFiles text={noted} />
            </div>
          )}
        </section>
      )}
    </>
  );
}
