/** Two pictures over one another: parted by a line that one moves, or the one shining through the other. */
import { SegmentedControl, Slider } from "@mantine/core";
import { useState } from "react";
import classes from "@/pages/compare/images/images.module.css";

interface Side {
  src: string;
  name: string;
}

export function Over({ left, right }: { left: Side; right: Side }) {
  const [how, setHow] = useState<"line" | "through" | "difference">("line");
  const [part, setPart] = useState(50);
  const look =
    how === "line"
      ? { clipPath: `inset(0 0 0 ${part}%)` }
      : how === "through"
        ? { opacity: part / 100 }
        : { mixBlendMode: "difference" as const };
  return (
    <figure className={classes.over}>
      <div className={classes.how}>
        <SegmentedControl
          size="xs"
          aria-label="How the pictures lie over one another"
          value={how}
          onChange={(value) => setHow(value as typeof how)}
          data={[
            { value: "line", label: "Line" },
            { value: "through", label: "Shine through" },
            { value: "difference", label: "Difference" },
          ]}
        />
        <Slider
          style={{ flex: 1 }}
          size="sm"
          disabled={how === "difference"}
          value={part}
          onChange={setPart}
          label={null}
          thumbLabel={how === "line" ? "Place of the line" : "How much shines through"}
        />
      </div>
      <div className={`panel ${classes.stage}`}>
        <img src={left.src} alt={left.name} />
        <img src={right.src} alt={right.name} style={look} />
        {how === "line" && <span className={classes.line} style={{ left: `${part}%` }} />}
      </div>
      <figcaption className={classes.caption}>
        <span className="ellipsis">{left.name}</span>
        <span className="ellipsis">{right.name}</span>
      </figcaption>
    </figure>
  );
}
