/** The files of a run, and those of the models that it logged. */
import { NativeSelect } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { loggedModelFiles, runFiles } from "@/api/artifacts";
import { useMaySomewhere } from "@/api/may";
import { Browser } from "@/components/artifacts/Browser";
import { CodeToCopy } from "@/components/Copy";
import { RegisterModel } from "@/pages/run/overview/RegisterModel";
import type { PartProps } from "@/pages/run/RunPage";

/** A run that logs changes all the time: its files are looked for not more often than this. */
const OFTEN_MS = 10_000;

export default function RunArtifacts({ workspace, page, search, change, refresh }: PartProps) {
  const { info } = page.run;
  const model = page.logged_models.find((one) => one.model_id === search.model)?.model_id ?? "";
  const may = useMaySomewhere(workspace);
  const [registering, setRegistering] = useState<string | null>(null);
  const source = useMemo(
    () => (model ? loggedModelFiles(workspace, model) : runFiles(workspace, info.run_id, info.artifact_uri)),
    [workspace, model, info.run_id, info.artifact_uri],
  );
  const client = useQueryClient();
  const seen = useRef({ version: page.version, ms: Date.now() });
  useEffect(() => {
    const { version, ms } = seen.current;
    if (version === page.version || Date.now() - ms < OFTEN_MS) return;
    seen.current = { version: page.version, ms: Date.now() };
    // A run that changed may have written files.
    client.invalidateQueries({ queryKey: ["files", source.key] });
  }, [client, source, page.version]);
  return (
    <>
      <Browser
        key={source.key}
        source={source}
        path={search.path}
        show={(path) => change({ path })}
        heading={
          page.logged_models.length === 0 ? (
            <b>Artifacts</b>
          ) : (
            <NativeSelect
              size="xs"
              aria-label="Files of"
              value={model}
              onChange={(event) => change({ model: event.currentTarget.value, path: "" })}
              data={[
                { value: "", label: "Artifacts of the run" },
                ...page.logged_models.map((one) => ({
                  value: one.model_id,
                  label: `Model ${one.name || one.model_id}`,
                })),
              ]}
            />
          )
        }
        empty={
          <>
            {source.write && may("artifacts/write") ? "Drop files here, or log them:" : "Log them:"}
            <CodeToCopy text={'import mlflow\n\nmlflow.log_artifact("report.html")'} />
          </>
        }
        mayUpload={may("artifacts/write")}
        mayDelete={may("artifacts/delete")}
        {...(may("models/write") ? { onRegister: setRegistering } : {})}
      />
      <RegisterModel
        open={registering !== null}
        onClose={() => setRegistering(null)}
        workspace={workspace}
        page={page}
        refresh={refresh}
        {...(model ? { model } : { path: registering || "model" })}
      />
    </>
  );
}
