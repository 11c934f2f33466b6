/** A metric that was logged once: a value of each run instead of a dot. */
import { useElementSize } from "@mantine/hooks";
import { Bars } from "@/components/charts/panels/Bars";
import type { Line } from "@/lib/chart-data";
import { barsOfLines } from "@/lib/chart-lines";

const MOST = 60;

export default function SinglePoints({
  lines,
  name,
  height,
}: {
  lines: readonly Line[];
  name: string;
  height: number;
}) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  return (
    <div ref={ref} style={{ height }}>
      {width > 0 && (
        <Bars bars={barsOfLines(lines).slice(0, MOST)} width={width} height={height} name={name} />
      )}
    </div>
  );
}
