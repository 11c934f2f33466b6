/** Images of two runs over one another, at a step. */
import { Slider } from "@mantine/core";
import { useMemo, useState } from "react";
import { artifactAddress } from "@/api/logged-images";
import { imageAt } from "@/lib/chart-images";
import { stepsOf } from "@/lib/compare-images";
import shared from "@/pages/compare/compare.module.css";
import type { RunImages } from "@/pages/compare/images/Images";
import classes from "@/pages/compare/images/images.module.css";
import { Over } from "@/pages/compare/images/Over";
import { TwoRuns, useTwo } from "@/pages/compare/TwoRuns";

const MOST = 1_000;

export function OverAt({ workspace, rows }: { workspace: string; rows: RunImages[] }) {
  const two = useTwo(rows.map((one) => one.run));
  const left = rows.find((one) => one.run === two.left)!;
  const right = rows.find((one) => one.run === two.right)!;
  const steps = useMemo(() => stepsOf([left.images, right.images], MOST), [left, right]);
  const [place, setPlace] = useState<number | null>(null);
  const at = Math.min(steps.length - 1, place ?? steps.length - 1);
  const step = steps[at] ?? 0;
  const side = ({ run, images }: RunImages) => {
    const image = imageAt(images, step)!;
    return {
      src: artifactAddress(workspace, run.runId, image.path),
      name: `${run.name}, step ${image.step.toLocaleString("en-US")}`,
    };
  };
  return (
    <>
      <div className={shared.bar}>
        <TwoRuns two={two} />
        <div className={classes.stepper}>
          <span className="numeric">Step {step.toLocaleString("en-US")}</span>
          <Slider
            style={{ flex: 1 }}
            size="sm"
            min={0}
            max={Math.max(1, steps.length - 1)}
            disabled={steps.length < 2}
            value={at}
            label={(value) => (steps[value] ?? 0).toLocaleString("en-US")}
            thumbLabel="Step"
            onChange={setPlace}
          />
        </div>
      </div>
      <Over left={side(left)} right={side(right)} />
    </>
  );
}
