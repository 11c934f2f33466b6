/** The state of charts lives in the address, in `c`. What is dragged is shown at once and written when it rests. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type ChartsState, chartsParam, chartsState } from "@/lib/chart-state";

const RESTS_MS = 200;

export type ChangeCharts = (change: Partial<ChartsState>) => void;

export function useChartsState(): [ChartsState, ChangeCharts] {
  const raw = (useSearch({ strict: false }) as Record<string, unknown>).c;
  const text = JSON.stringify(raw ?? null);
  const written = useMemo(() => chartsState(JSON.parse(text)), [text]);
  const [ahead, setAhead] = useState<ChartsState | null>(null);
  const navigate = useNavigate();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const now = ahead ?? written;
  const latest = useRef(now);
  latest.current = now;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is the newest word
  useEffect(() => setAhead(null), [text]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const change = useCallback<ChangeCharts>(
    (part) => {
      const next = { ...latest.current, ...part };
      latest.current = next;
      setAhead(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        navigate({
          to: ".",
          search: ((old: Record<string, unknown>) => ({ ...old, c: chartsParam(latest.current) })) as never,
          replace: true,
          resetScroll: false,
        });
      }, RESTS_MS);
    },
    [navigate],
  );
  return [now, change];
}
