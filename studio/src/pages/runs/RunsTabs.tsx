/** The same runs as a table or as charts; what is known of the experiment. */
import { IconChartLine, IconInfoCircle, IconTable } from "@tabler/icons-react";
import type { KeyboardEvent } from "react";
import classes from "@/pages/runs/RunsTabs.module.css";
import { type ChangeSearch, TABS, type Tab } from "@/pages/runs/search";

const LOOKS = {
  runs: { text: "Runs", icon: IconTable },
  charts: { text: "Charts", icon: IconChartLine },
  details: { text: "Details", icon: IconInfoCircle },
};

export function RunsTabs({ tab, change }: { tab: Tab; change: ChangeSearch }) {
  const go = (next: Tab) => change({ tab: next }, { push: true });
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = (TABS.indexOf(tab) + step + TABS.length) % TABS.length;
    go(TABS[next]!);
    (event.currentTarget.children[next] as HTMLElement).focus();
  };
  return (
    <div role="tablist" aria-label="Views of the experiment" className={classes.tabs} onKeyDown={onKeyDown}>
      {TABS.map((one) => {
        const { text, icon: Icon } = LOOKS[one];
        return (
          <button
            key={one}
            type="button"
            role="tab"
            aria-selected={one === tab}
            tabIndex={one === tab ? 0 : -1}
            className={classes.tab}
            onClick={() => go(one)}
          >
            <Icon size={15} aria-hidden />
            {text}
          </button>
        );
      })}
    </div>
  );
}
