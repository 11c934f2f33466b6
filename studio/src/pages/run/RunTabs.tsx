/** The parts of a run's page. */
import {
  IconActivity,
  IconChartLine,
  IconCode,
  IconFiles,
  IconInfoCircle,
  IconListNumbers,
  IconRoute,
  IconTerminal2,
} from "@tabler/icons-react";
import { useShortcuts } from "@/app/shortcuts";
import { TabRow } from "@/components/TabRow";
import type { Tab } from "@/pages/run/search";

const LOOKS = {
  overview: { text: "Overview", icon: IconInfoCircle },
  charts: { text: "Charts", icon: IconChartLine },
  system: { text: "System", icon: IconActivity },
  artifacts: { text: "Artifacts", icon: IconFiles },
  logs: { text: "Logs", icon: IconTerminal2 },
  code: { text: "Code", icon: IconCode },
  traces: { text: "Traces", icon: IconRoute },
  trials: { text: "Trials", icon: IconListNumbers },
};

export function RunTabs({ tabs, tab, go }: { tabs: readonly Tab[]; tab: Tab; go: (tab: Tab) => void }) {
  useShortcuts(
    tabs.map((one, i) => ({
      keys: String(i + 1),
      does: `${LOOKS[one].text} of the run`,
      run: () => go(one),
    })),
  );
  return <TabRow label="Parts of the run" names={tabs} looks={LOOKS} chosen={tab} go={go} />;
}
