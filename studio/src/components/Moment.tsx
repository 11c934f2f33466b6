/** A moment: how long ago in the text, exactly and in the reader's zone in the tooltip. */
import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { ago, moment } from "@/lib/format";

let listeners: (() => void)[] = [];
setInterval(() => {
  for (const tell of listeners) tell();
}, 30_000);

/** The clock, every half minute; all that show times share one timer. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    listeners = [...listeners, tick];
    return () => {
      listeners = listeners.filter((one) => one !== tick);
    };
  }, []);
  return now;
}

/** `plain`: the browser's own tooltip, for tables of thousands. */
export function Moment({ ms, plain = false }: { ms: number | null | undefined; plain?: boolean }) {
  const now = useNow();
  if (ms === null || ms === undefined || Number.isNaN(ms)) return <span className="quiet">–</span>;
  if (plain)
    return (
      <time dateTime={new Date(ms).toISOString()} title={moment(ms)}>
        {ago(ms, now)}
      </time>
    );
  return (
    <Tooltip label={moment(ms)}>
      <time dateTime={new Date(ms).toISOString()}>{ago(ms, now)}</time>
    </Tooltip>
  );
}
