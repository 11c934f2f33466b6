/** Metrics whose names begin alike, under one another's roof that can be closed. */
import { Button, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import classes from "@/components/charts/charts.module.css";
import { MetricChart, type Shared } from "@/components/charts/MetricChart";
import { openAtFirst, PINNED, type Section } from "@/lib/chart-sections";

/** More charts than these are made when somebody asks for them. */
const FIRST = 60;

export function MetricSection({
  section,
  shared,
  alone = false,
}: {
  section: Section;
  shared: Shared;
  /** There is no other one: it is open at first, whatever it holds. */
  alone?: boolean;
}) {
  const { state, change, columns } = shared;
  const { name, metrics } = section;
  const [all, setAll] = useState(false);
  const open = (alone || openAtFirst(name)) !== state.turned.includes(name) || state.find !== "";
  const turn = () =>
    change({
      turned: state.turned.includes(name)
        ? state.turned.filter((one) => one !== name)
        : [...state.turned, name],
    });
  const pin = (metric: string) =>
    change({
      pinned: state.pinned.includes(metric)
        ? state.pinned.filter((one) => one !== metric)
        : [...state.pinned, metric],
    });
  const shown = all ? metrics : metrics.slice(0, FIRST);
  return (
    <section aria-label={name}>
      <UnstyledButton className={classes.sectionHead!} aria-expanded={open} onClick={turn}>
        <IconChevronRight size={15} aria-hidden className={`${classes.turn} ${open ? classes.open : ""}`} />
        <h2 className="ellipsis" title={name}>
          {name}
        </h2>
        <span className="quiet numeric">{metrics.length}</span>
      </UnstyledButton>
      {open && (
        <div className={classes.grid} style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
          {shown.map((metric) => (
            <MetricChart
              key={metric}
              shared={shared}
              name={name === PINNED ? `pin:${metric}` : metric}
              metrics={[metric]}
              title={metric || "(a metric without a name)"}
              pinned={state.pinned.includes(metric)}
              onPin={() => pin(metric)}
            />
          ))}
        </div>
      )}
      {open && shown.length < metrics.length && (
        <Button variant="default" mt="xs" onClick={() => setAll(true)}>
          Show {metrics.length - shown.length} more
        </Button>
      )}
    </section>
  );
}
