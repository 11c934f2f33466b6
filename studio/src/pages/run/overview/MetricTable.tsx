/** The last values of a run's metrics, with the least and the greatest. */
import { Button, TextInput, Title } from "@mantine/core";
import { IconChartLine, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { extremesQuery, isSystem, metricValue } from "@/api/run";
import type { Metric, RunPageData } from "@/api/run-page";
import { finder } from "@/lib/chart-sections";
import { number } from "@/lib/format";
import type { ChangeRunSearch } from "@/pages/run/RunPage";
import classes from "@/pages/run/run.module.css";

const FIRST = 100;
const FEW = 8;

export function MetricTable({
  workspace,
  page,
  change,
}: {
  workspace: string;
  page: RunPageData;
  change: ChangeRunSearch;
}) {
  const [find, setFind] = useState("");
  const [all, setAll] = useState(false);
  const metrics = useMemo(
    () => (page.run.data.metrics ?? []).filter((one) => !isSystem(one.key)),
    [page.run.data.metrics],
  );
  const wanted = useMemo(() => metrics.filter((one) => finder(find)(one.key)), [metrics, find]);
  const keys = useMemo(() => metrics.map((one) => one.key), [metrics]);
  const extremes = useQuery(extremesQuery(workspace, page.run.info.run_id, keys, page.version));
  const shown = all ? wanted : wanted.slice(0, FIRST);
  return (
    <section className={`panel ${classes.card}`} aria-label="Metrics">
      <div className={classes.cardHead}>
        <Title order={2}>Metrics</Title>
        {metrics.length > FEW && (
          <TextInput
            size="xs"
            aria-label="Find metrics"
            placeholder={`Find among ${metrics.length}`}
            leftSection={<IconSearch size={13} />}
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
          />
        )}
        {metrics.length > 0 && (
          <Button
            variant="subtle"
            leftSection={<IconChartLine size={14} />}
            onClick={() => change({ tab: "charts" })}
          >
            Charts
          </Button>
        )}
      </div>
      {metrics.length === 0 && <span className="quiet">No metric was logged.</span>}
      {metrics.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={classes.table} tabIndex={0} aria-label="Table of metrics">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col" className={classes.number}>
                  Last
                </th>
                <th scope="col" className={classes.number}>
                  Least
                </th>
                <th scope="col" className={classes.number}>
                  Greatest
                </th>
                <th scope="col" className={classes.number}>
                  Step
                </th>
                <th scope="col" className={classes.number}>
                  Points
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((metric) => (
                <MetricRow key={metric.key} metric={metric} extremes={extremes.data?.get(metric.key)} />
              ))}
              {shown.length === 0 && (
                <tr>
                  <td colSpan={6} className="quiet">
                    No metric is called so.
                  </td>
                </tr>
              )}
            </tbody>
          </table>
        </section>
      )}
      <MoreRows more={wanted.length - shown.length} show={() => setAll(true)} />
    </section>
  );
}

function MetricRow({
  metric,
  extremes,
}: {
  metric: Metric;
  extremes: { min: number | null; max: number | null; count: number | null } | undefined;
}) {
  const value = metricValue(metric);
  return (
    <tr>
      <td className={`ellipsis ${classes.key}`} title={metric.key}>
        {metric.key}
      </td>
      <td className={classes.number} title={String(value)}>
        <b>{number(value)}</b>
      </td>
      <td className={classes.number} title={String(extremes?.min ?? "")}>
        {number(extremes?.min)}
      </td>
      <td className={classes.number} title={String(extremes?.max ?? "")}>
        {number(extremes?.max)}
      </td>
      <td className={classes.number}>{metric.step.toLocaleString("en-US")}</td>
      <td className={classes.number}>{extremes?.count?.toLocaleString("en-US")}</td>
    </tr>
  );
}

export function MoreRows({ more, show }: { more: number; show: () => void }) {
  if (more <= 0) return null;
  return (
    <Button variant="subtle" mt="lg" onClick={show}>
      Show {more.toLocaleString("en-US")} more
    </Button>
  );
}
