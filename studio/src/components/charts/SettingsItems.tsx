/** What the menu of every line chart has. */
import { Menu } from "@mantine/core";
import {
  IconArrowAutofitHeight,
  IconChartLine,
  IconDownload,
  IconMathFunction,
  IconPhoto,
  IconTable,
  IconZoomReset,
} from "@tabler/icons-react";
import { useSay } from "@/components/notices";
import type { Line } from "@/lib/chart-data";
import { linesCsv } from "@/lib/chart-export";
import type { ChartSettings, XAxis } from "@/lib/chart-state";
import { download } from "@/lib/config-file";

const SMALL = { size: 15, "aria-hidden": true } as const;

/** A name of a file out of a name of a metric. */
const fileName = (title: string): string => title.replace(/[^\w.-]+/g, "-").slice(0, 80) || "chart";

export function SettingsItems({
  own,
  set,
  lines,
  title,
  x,
  png,
  zoomed,
  unzoom,
  onRange,
}: {
  own: ChartSettings;
  set: (part: Partial<ChartSettings>) => void;
  lines: readonly Line[];
  title: string;
  x: XAxis;
  png: () => Promise<Blob | null>;
  zoomed: boolean;
  unzoom: () => void;
  /** Asks for the ends of the y axis. */
  onRange: () => void;
}) {
  const say = useSay();
  const save = async () => {
    const picture = await png();
    if (picture) download(`${fileName(title)}.png`, picture, "image/png");
    else say.error("A chart that is shown as a table has no picture. Show it as a chart first.");
  };
  return (
    <>
      <Menu.Item leftSection={<IconMathFunction {...SMALL} />} onClick={() => set({ log: !own.log })}>
        {own.log ? "Linear y axis" : "Logarithmic y axis"}
      </Menu.Item>
      <Menu.Item leftSection={<IconArrowAutofitHeight {...SMALL} />} onClick={onRange}>
        Range of the y axis…
      </Menu.Item>
      <Menu.Item
        leftSection={own.table ? <IconChartLine {...SMALL} /> : <IconTable {...SMALL} />}
        onClick={() => set({ table: !own.table })}
      >
        {own.table ? "Show as chart" : "Show as table"}
      </Menu.Item>
      {zoomed && (
        <Menu.Item leftSection={<IconZoomReset {...SMALL} />} onClick={unzoom}>
          Show the whole x axis
        </Menu.Item>
      )}
      <Menu.Divider />
      <Menu.Item leftSection={<IconPhoto {...SMALL} />} onClick={save}>
        Download PNG
      </Menu.Item>
      <Menu.Item
        leftSection={<IconDownload {...SMALL} />}
        onClick={() =>
          download(
            `${fileName(title)}.csv`,
            linesCsv(lines, x.startsWith("metric:") ? x.slice(7) : x),
            "text/csv",
          )
        }
      >
        Download CSV
      </Menu.Item>
    </>
  );
}
