/** The parts of a comparison. */
import { IconArrowsDiff, IconChartLine, IconCode, IconFiles, IconPhoto } from "@tabler/icons-react";
import { useShortcuts } from "@/app/shortcuts";
import { TabRow } from "@/components/TabRow";
import { TABS, type Tab } from "@/pages/compare/search";

const LOOKS = {
  differences: { text: "Differences", icon: IconArrowsDiff },
  charts: { text: "Charts", icon: IconChartLine },
  images: { text: "Images", icon: IconPhoto },
  artifacts: { text: "Artifacts", icon: IconFiles },
  code: { text: "Code", icon: IconCode },
};

export function CompareTabs({ tab, go }: { tab: Tab; go: (tab: Tab) => void }) {
  useShortcuts(
    TABS.map((one, i) => ({
      keys: String(i + 1),
      does: `${LOOKS[one].text} of the runs`,
      run: () => go(one),
    })),
  );
  return <TabRow label="Parts of the comparison" names={TABS} looks={LOOKS} chosen={tab} go={go} />;
}
