/** What stands in a chart's place when there is no chart: it waits, failed, or has nothing to show. */
import { Button, Loader } from "@mantine/core";
import classes from "@/components/charts/charts.module.css";

export function Filling({
  waiting = false,
  error,
  again,
  empty = "Nothing to show.",
  act,
}: {
  waiting?: boolean;
  error?: unknown;
  again?: () => void;
  empty?: string;
  act?: { text: string; run: () => void };
}) {
  if (error)
    return (
      <div className={classes.fill} role="alert">
        <span>{error instanceof Error ? error.message : String(error)}</span>
        {again && (
          <Button variant="default" onClick={again}>
            Try again
          </Button>
        )}
      </div>
    );
  if (waiting)
    return (
      <div className={`${classes.fill} late`} role="status" aria-label="Loading">
        <Loader size="sm" />
      </div>
    );
  return (
    <div className={classes.fill}>
      <span>{empty}</span>
      {act && (
        <Button variant="default" onClick={act.run}>
          {act.text}
        </Button>
      )}
    </div>
  );
}
