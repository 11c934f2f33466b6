/** The parts of a comparison. */
import { IconArrowsDiff, IconChartLine, IconFiles, IconPhoto } from "@tabler/icons-react";
import type { KeyboardEvent } from "react";
import { useShortcuts } from "@/app/shortcuts";
import { useChosenInView } from "@/components/use-chosen-in-view";
import classes from "@/pages/compare/compare.module.css";
import { TABS, type Tab } from "@/pages/compare/search";

const LOOKS = {
  differences: { text: "Differences", icon: IconArrowsDiff },
  charts: { text: "Charts", icon: IconChartLine },
  images: { text: "Images", icon: IconPhoto },
  artifacts: { text: "Artifacts", icon: IconFiles },
};

export function CompareTabs({ tab, go }: { tab: Tab; go: (tab: Tab) => void }) {
  const row = useChosenInView(TABS.indexOf(tab));
  useShortcuts(
    TABS.map((one, i) => ({
      keys: String(i + 1),
      does: `${LOOKS[one].text} of the runs`,
      run: () => go(one),
    })),
  );
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = (TABS.indexOf(tab) + step + TABS.length) % TABS.length;
    go(TABS[next]!);
    (event.currentTarget.children[next] as HTMLElement).focus();
  };
  return (
    <div
      ref={row}
      role="tablist"
      aria-label="Parts of the comparison"
      className={classes.tabs}
      onKeyDown={onKeyDown}
    >
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
