/** The same runs as a table or as charts. */
import { Tabs } from "@mantine/core";
import { IconChartLine, IconInfoCircle, IconTable } from "@tabler/icons-react";
import type { ChangeSearch, Tab } from "@/pages/runs/search";

const LOOKS = {
  runs: { text: "Runs", icon: IconTable },
  charts: { text: "Charts", icon: IconChartLine },
  details: { text: "Details", icon: IconInfoCircle },
};

export function RunsTabs({ tab, tabs, change }: { tab: Tab; tabs: readonly Tab[]; change: ChangeSearch }) {
  return (
    <Tabs value={tab} onChange={(next) => change({ tab: next as Tab }, { push: true })}>
      <Tabs.List>
        {tabs.map((one) => {
          const { text, icon: Icon } = LOOKS[one];
          return (
            <Tabs.Tab
              key={one}
              value={one}
              leftSection={<Icon size={15} aria-hidden />}
              aria-controls={undefined}
            >
              {text}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
    </Tabs>
  );
}
