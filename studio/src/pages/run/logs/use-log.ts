/** The end of a log, what comes to it, and earlier lines on demand. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { LogReader } from "@/api/logs";
import { LogText } from "@/lib/log-text";

const PART = 256 * 1024;
/** So much is read at once when all is wanted. */
const LARGE_PART = 4 * 1024 * 1024;
const EVERY_MS = 2_000;
const MOST_LINES = 300_000;

export interface LogState {
  lines: string[];
  /** Where what is read begins and ends in the file. */
  start: number;
  end: number;
  waiting: boolean;
  error: unknown;
}

const AT_FIRST: LogState = { lines: [], start: 0, end: 0, waiting: true, error: null };

/**
 * @param reader must stay the same one as long as it is the same log.
 * @param going whether the run still writes: then it is looked for more.
 * @param version changes when the run changed: then it is looked once.
 */
export function useLog(reader: LogReader, going: boolean, version: number) {
  const [state, setState] = useState(AT_FIRST);
  const text = useRef<LogText | null>(null);
  const busy = useRef<Promise<void>>(Promise.resolve());
  const gone = useRef(new AbortController());

  /** One after another, so that no piece is read twice. */
  const inTurn = useCallback((work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    const { signal } = gone.current;
    busy.current = busy.current.then(async () => {
      if (signal.aborted) return;
      try {
        await work(signal);
        if (signal.aborted) return;
        const { current } = text;
        if (current)
          setState({
            lines: current.lines(),
            start: current.start,
            end: current.end,
            waiting: false,
            error: null,
          });
      } catch (error) {
        if (!signal.aborted) setState((old) => ({ ...old, waiting: false, error }));
      }
    });
    return busy.current;
  }, []);

  const look = useCallback(
    () =>
      inTurn(async (signal) => {
        const known = reader.grows === true && text.current !== null;
        const size = known ? Number.POSITIVE_INFINITY : await reader.size(signal);
        // A log that became shorter was written anew.
        if (text.current === null || size < text.current.end) {
          const from = Math.max(0, size - PART);
          const made = new LogText(size);
          made.prepend(await between(reader, from, size, signal), from);
          text.current = made;
          return;
        }
        while (text.current.end < size) {
          const { end } = text.current;
          const { bytes, next } = await reader.part(end, Math.min(LARGE_PART, size - end), signal);
          if (next <= end) break;
          text.current.append(bytes, next);
        }
        text.current.shorten(MOST_LINES);
      }),
    [reader, inTurn],
  );

  /** @param all everything that was written before, else one part of it. */
  const earlier = useCallback(
    (all: boolean) =>
      inTurn(async (signal) => {
        while (text.current && text.current.start > 0) {
          const to = text.current.start;
          const from = Math.max(0, to - (all ? LARGE_PART : PART));
          text.current.prepend(await between(reader, from, to, signal), from);
          if (!all || text.current.lines().length > MOST_LINES) return;
        }
      }),
    [reader, inTurn],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another log begins anew
  useEffect(() => {
    gone.current = new AbortController();
    text.current = null;
    setState(AT_FIRST);
    const mine = gone.current;
    return () => mine.abort();
  }, [reader.key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that the run changed
  useEffect(() => {
    look();
  }, [look, version]);

  useEffect(() => {
    if (!going) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") look();
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      // What was written last, when the run has just ended.
      look();
    };
  }, [going, look]);

  return { ...state, earlier, look };
}

/** All from one place to another. What is left out in it may reach further. */
async function between(
  reader: LogReader,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: BlobPart[] = [];
  for (let at = from; at < to; ) {
    const { bytes, next } = await reader.part(at, to - at, signal);
    if (next <= at) break;
    parts.push(bytes);
    at = next;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
