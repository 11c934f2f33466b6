/** Which of many runs have their pictures looked up, and the way to the others. */
import { ActionIcon } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import classes from "@/components/charts/RunPager.module.css";
import { count } from "@/lib/format";

/** Pictures are of so many runs at a time: the files of each are listed by themselves. */
const AT_ONCE = 24;

/** Some of the runs, and what pages through them; null: there are no others. */
export function useRunPages<T>(runs: readonly T[]): { those: readonly T[]; pager: ReactNode } {
  const [from, setFrom] = useState(0);
  const start = from < runs.length ? from : 0; // runs may have gone since
  const those = runs.slice(start, start + AT_ONCE);
  if (runs.length <= AT_ONCE) return { those, pager: null };
  const end = start + those.length;
  const pager = (
    <div className={classes.pager}>
      <ActionIcon
        aria-label="Runs before these"
        disabled={start === 0}
        onClick={() => setFrom(Math.max(0, start - AT_ONCE))}
      >
        <IconChevronLeft size={16} aria-hidden />
      </ActionIcon>
      <span className="numeric" role="status">
        Runs {start + 1}–{end} of {count(runs.length)}
      </span>
      <ActionIcon aria-label="Runs after these" disabled={end === runs.length} onClick={() => setFrom(end)}>
        <IconChevronRight size={16} aria-hidden />
      </ActionIcon>
    </div>
  );
  return { those, pager };
}
