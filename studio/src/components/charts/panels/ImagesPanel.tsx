/** Images of runs side by side, by step. */
import { MultiSelect, Slider } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { artifactAddress, loggedImagesQuery } from "@/api/logged-images";
import board from "@/components/charts/charts.module.css";
import { Filling } from "@/components/charts/Filling";
import { PanelFrame, type PanelProps, usePanel } from "@/components/charts/panels/PanelFrame";
import classes from "@/components/charts/panels/panels.module.css";
import { pointAtRun } from "@/components/charts/pointed-run";
import { useRunPages } from "@/components/charts/RunPager";
import type { ChartRun } from "@/components/charts/types";
import { lowerBound } from "@/lib/chart-data";
import { imageAt, type LoggedImage } from "@/lib/chart-images";
import { count } from "@/lib/format";

export function ImagesPanel({ shared, panel, runs }: PanelProps & { runs: readonly ChartRun[] }) {
  const { setOf } = usePanel({ shared, panel });
  const { those, pager } = useRunPages(runs);
  const found = useQueries({
    queries: those.map((run) => loggedImagesQuery(shared.drawn.workspace, run.runId)),
    combine: (answers) => ({
      series: answers.map((one) => one.data),
      waiting: answers.some((one) => one.isPending),
      error: answers.find((one) => one.error)?.error ?? null,
    }),
  });
  const keys = useMemo(
    () => [...new Set(found.series.flatMap((one) => [...(one?.keys() ?? [])]))].sort(),
    [found.series],
  );
  const chosen = panel.of.filter((one) => one.startsWith("i:")).map((one) => one.slice(2));
  const shown = chosen.length > 0 ? chosen : keys.slice(0, 2);
  const images = those.flatMap((run, i) =>
    shown.flatMap((key) => {
      const series = found.series[i]?.get(key);
      return series?.length ? [{ run, key, series }] : [];
    }),
  );
  return (
    <PanelFrame
      shared={shared}
      panel={panel}
      title={shown.length > 0 ? `Images: ${shown.join(", ")}` : "Images"}
      pickers={
        <>
          <MultiSelect
            aria-label="Images"
            placeholder={chosen.length === 0 ? "All images" : ""}
            size="xs"
            data={[...new Set([...keys, ...chosen])]}
            value={chosen}
            onChange={(next) => setOf(next.map((one) => `i:${one}`))}
            searchable
          />
          {pager}
        </>
      }
      ready
      hint=""
      text={
        pager
          ? `${images.length} series of images, of ${those.length} of ${count(runs.length)} runs`
          : `${images.length} series of images`
      }
    >
      {() =>
        images.length === 0 ? (
          <Filling
            waiting={found.waiting}
            error={found.error}
            empty="These runs logged no images by step: mlflow.log_image(image, key=…, step=…) does."
          />
        ) : (
          <Grid workspace={shared.drawn.workspace} images={images} />
        )
      }
    </PanelFrame>
  );
}

interface Shown {
  run: ChartRun;
  key: string;
  series: LoggedImage[];
}

function Grid({ workspace, images }: { workspace: string; images: Shown[] }) {
  const steps = useMemo(
    () => Float64Array.from(new Set(images.flatMap(({ series }) => series.map((one) => one.step)))).sort(),
    [images],
  );
  const [step, setStep] = useState<number | null>(null);
  const place = step === null ? steps.length - 1 : Math.min(steps.length - 1, lowerBound(steps, step));
  const now = steps[place] ?? 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.figures} aria-label="Images by step" tabIndex={0}>
      {steps.length > 1 && (
        <div className={classes.stepper}>
          <span className="numeric">Step {now.toLocaleString("en-US")}</span>
          <Slider
            style={{ flex: 1 }}
            size="sm"
            min={0}
            max={steps.length - 1}
            step={1}
            value={place}
            label={(value) => (steps[value] ?? 0).toLocaleString("en-US")}
            thumbLabel="Step"
            onChange={(value) => setStep(steps[value] ?? null)}
          />
        </div>
      )}
      <div className={board.images}>
        {images.map(({ run, key, series }) => {
          const image = imageAt(series, now);
          if (!image) return null;
          return (
            <figure
              key={`${run.runId} ${key}`}
              onMouseEnter={() => pointAtRun(run.runId)}
              onMouseLeave={() => pointAtRun(null)}
            >
              <img
                loading="lazy"
                src={artifactAddress(workspace, run.runId, image.path)}
                alt={`${key} of ${run.name} at step ${image.step}`}
              />
              <figcaption className="ellipsis" title={`${run.name}: ${key}, step ${image.step}`}>
                <span className={board.swatch} style={{ background: run.color }} />
                {run.name} · {image.step}
              </figcaption>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
