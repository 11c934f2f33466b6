/** Images that the runs logged by step: runs by steps, or two over one another. */
import { SegmentedControl, Select } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { artifactAddress, loggedImagesQuery } from "@/api/logged-images";
import { useRunPages } from "@/components/charts/RunPager";
import { RunLink } from "@/components/links";
import { Broken, Empty, Waiting } from "@/components/states";
import { imageAt, type LoggedImage } from "@/lib/chart-images";
import { stepsOf } from "@/lib/compare-images";
import shared from "@/pages/compare/compare.module.css";
import classes from "@/pages/compare/images/images.module.css";
import { OverAt } from "@/pages/compare/images/OverAt";
import type { ChangeSearch, CompareSearch } from "@/pages/compare/search";
import type { ComparedRun } from "@/pages/compare/use-compared";

const MOST_STEPS = 24;

export interface RunImages {
  run: ComparedRun;
  images: LoggedImage[];
}

export default function Images({
  workspace,
  runs,
  search,
  change,
}: {
  workspace: string;
  runs: readonly ComparedRun[];
  search: CompareSearch;
  change: ChangeSearch;
}) {
  const { those, pager } = useRunPages(runs);
  const found = useQueries({
    queries: those.map((run) => loggedImagesQuery(workspace, run.runId)),
    combine: (answers) => ({
      series: answers.map((one) => one.data),
      waiting: answers.some((one) => one.isPending),
      error: answers.find((one) => one.error)?.error ?? null,
    }),
  });
  const keys = [...new Set(found.series.flatMap((one) => [...(one?.keys() ?? [])]))].sort();
  const key = search.image !== null && keys.includes(search.image) ? search.image : (keys[0] ?? null);
  const rows: RunImages[] = those.flatMap((run, i) => {
    const images = key === null ? undefined : found.series[i]?.get(key);
    return images?.length ? [{ run, images }] : [];
  });
  if (found.error && rows.length === 0) return <Broken error={found.error} />;
  if (key === null)
    return found.waiting ? (
      <Waiting />
    ) : (
      <Empty title={pager ? "These runs have no images by step" : "No images by step"}>
        {pager}
        mlflow.log_image(image, key="masks", step=3) logs them. Other pictures are among the artifacts.
      </Empty>
    );
  return (
    <>
      <div className={shared.bar}>
        <Select
          size="xs"
          aria-label="Images"
          data={keys}
          value={key}
          onChange={(image) => change({ image })}
          allowDeselect={false}
          searchable={keys.length > 8}
        />
        <SegmentedControl
          size="xs"
          aria-label="Show as"
          value={search.over ? "over" : "grid"}
          onChange={(value) => change({ over: value === "over" })}
          data={[
            { value: "grid", label: "Side by side" },
            { value: "over", label: "Two over one another", disabled: rows.length < 2 },
          ]}
        />
        <span className={shared.under}>
          {rows.length} of {pager ? "these " : ""}
          {those.length} runs have them
        </span>
        {pager}
      </div>
      {search.over && rows.length > 1 ? (
        <OverAt key={key} workspace={workspace} rows={rows} />
      ) : (
        <ByStep workspace={workspace} rows={rows} name={key} />
      )}
    </>
  );
}

function ByStep({ workspace, rows, name }: { workspace: string; rows: RunImages[]; name: string }) {
  const steps = useMemo(
    () =>
      stepsOf(
        rows.map((one) => one.images),
        MOST_STEPS,
      ),
    [rows],
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={`panel ${classes.scroll}`} aria-label={`${name} by run and step`} tabIndex={0}>
      <table className={classes.grid}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            {steps.map((step) => (
              <th scope="col" key={step} className="numeric">
                Step {step.toLocaleString("en-US")}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ run, images }) => (
            <tr key={run.runId}>
              <th scope="row">
                <div className={shared.runHead}>
                  <span className={shared.swatch} style={{ background: run.color }} />
                  <RunLink
                    workspace={workspace}
                    experiment={run.experimentId}
                    run={run.runId}
                    name={run.name}
                  />
                </div>
              </th>
              {steps.map((step) => {
                const image = imageAt(images, step);
                if (image?.step !== step) return <td key={step} className="quiet" />;
                const source = artifactAddress(workspace, run.runId, image.path);
                return (
                  <td key={step}>
                    <a href={source} target="_blank" rel="noopener noreferrer">
                      <img loading="lazy" src={source} alt={`${name} of ${run.name} at step ${step}`} />
                    </a>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
