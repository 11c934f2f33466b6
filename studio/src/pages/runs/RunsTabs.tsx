/** The same runs as a table or as charts; what is known of the experiment. */
import { IconChartLine, IconInfoCircle, IconTable } from "@tabler/icons-react";
import { TabRow } from "@/components/TabRow";
import { type ChangeSearch, TABS, type Tab } from "@/pages/runs/search";

const LOOKS = {
  runs: { text: "Runs", icon: IconTable },
  charts: { text: "Charts", icon: IconChartLine },
  details: { text: "Details", icon: IconInfoCircle },
};

export function RunsTabs({ tab, change }: { tab: Tab; change: ChangeSearch }) {
  const go = (next: Tab) => change({ tab: next }, { push: true });
  return <TabRow label="Views of the experiment" names={TABS} looks={LOOKS} chosen={tab} go={go} />;
}
