import type { Overview } from "@/api/overview";
import { STATUS, Status } from "@/components/Status";
import { count } from "@/lib/format";
import classes from "@/pages/overview/overview.module.css";

/** How much there is; the places are kept free until it is known. */
export function Counts({ overview }: { overview: Overview | undefined }) {
  const figures = [
    { name: "Experiments", figure: overview?.experiments },
    { name: "Runs", figure: overview?.runs },
  ];
  return (
    <div className={classes.counts}>
      {figures.map((one) => (
        <div key={one.name} className={`panel ${classes.count}`}>
          <div className={classes.figure}>{shown(one.figure)}</div>
          <div className="quiet">{one.name}</div>
        </div>
      ))}
      {Object.values(STATUS)
        .filter((status) => status !== "SCHEDULED" || (overview?.runs_by_status.SCHEDULED ?? 0) !== 0)
        .map((status) => (
          <div key={status} className={`panel ${classes.count}`}>
            <div className={classes.figure}>{overview && shown(overview.runs_by_status[status] ?? 0)}</div>
            <Status status={status} />
          </div>
        ))}
    </div>
  );
}

/** null: more than the server counts. */
function shown(figure: number | null | undefined): string {
  return figure === null ? "many" : figure === undefined ? "" : count(figure);
}
