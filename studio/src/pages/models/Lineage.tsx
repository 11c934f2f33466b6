import { useQuery } from "@tanstack/react-query";
import type { ModelVersion } from "@/api/models";
import { runPageQuery } from "@/api/run-page";
import { Copy } from "@/components/Copy";
import { ExperimentLink, RunLink } from "@/components/links";
import classes from "@/pages/models/Lineage.module.css";

/** Where a version came from: data → run → the model that it logged → the version. */
export function Lineage({ workspace, version }: { workspace: string; version: ModelVersion }) {
  const { data, isError } = useQuery({
    ...runPageQuery(workspace, version.run_id),
    enabled: version.run_id !== "",
    staleTime: 60_000,
  });
  if (version.run_id === "" || isError)
    return (
      <span className={classes.source}>
        <span className="ellipsis" title={version.source}>
          {version.source}
        </span>
        <Copy text={version.source} what="Copy the source" />
      </span>
    );
  if (!data) return <span className={classes.waiting} />;
  const logged = data.logged_models.find((one) => version.source.startsWith(`models:/${one.model_id}`));
  const datasets = data.run.inputs?.dataset_inputs ?? [];
  return (
    <ol className={classes.chain} aria-label={`Where version ${version.version} came from`}>
      {datasets.length > 0 && (
        <li title={datasets.map((one) => `${one.dataset.name} (${one.dataset.digest})`).join("\n")}>
          {datasets[0]!.dataset.name}
          {datasets.length > 1 && ` and ${datasets.length - 1} more`}
        </li>
      )}
      <li>
        <RunLink
          workspace={workspace}
          experiment={data.run.info.experiment_id}
          run={data.run.info.run_id}
          name={data.run.info.run_name}
        />{" "}
        <span className="quiet">
          in{" "}
          <ExperimentLink
            workspace={workspace}
            experiment={data.experiment.experiment_id}
            name={data.experiment.name}
          />
        </span>
      </li>
      {logged && <li title={logged.model_id}>logged model {logged.name || logged.model_id}</li>}
      <li>version {version.version}</li>
    </ol>
  );
}
