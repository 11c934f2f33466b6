/** The runs of all charts: pointed at, they stand out in each of them. */
import { UnstyledButton } from "@mantine/core";
import { useState } from "react";
import classes from "@/components/charts/charts.module.css";
import { pointAtRun, usePointedRun } from "@/components/charts/pointed-run";

export interface Entry {
  runId: string;
  name: string;
  color: string;
}

const SHORT = 12;
const LONG = 200;

export function Legend({ entries }: { entries: readonly Entry[] }) {
  const [all, setAll] = useState(false);
  const pointed = usePointedRun();
  if (entries.length < 2) return null;
  const shown = entries.slice(0, all ? LONG : SHORT);
  return (
    <section className={classes.legend} aria-label="Runs in the charts">
      {shown.map(({ runId, name, color }) => (
        <UnstyledButton
          key={runId}
          className={`${classes.chip} ${pointed === runId ? classes.chipOn : ""}`}
          onMouseEnter={() => pointAtRun(runId)}
          onMouseLeave={() => pointAtRun(null)}
          onFocus={() => pointAtRun(runId)}
          onBlur={() => pointAtRun(null)}
          title={name}
        >
          <span className={classes.swatch} style={{ background: color }} />
          <span className="ellipsis">{name}</span>
        </UnstyledButton>
      ))}
      {entries.length > SHORT && (
        <UnstyledButton className={`${classes.chip} quiet`} onClick={() => setAll(!all)} aria-expanded={all}>
          {all
            ? entries.length > LONG
              ? `${entries.length - LONG} more are not named here · fewer`
              : "fewer"
            : `${entries.length - SHORT} more`}
        </UnstyledButton>
      )}
    </section>
  );
}
