/** The colour of a run, for everybody: a tag of the run keeps it. */
import { Menu } from "@mantine/core";
import { FloatingMenu } from "@/components/FloatingMenu";
import { RUN_COLORS } from "@/lib/colors";
import classes from "@/pages/runs/table/ColorMenu.module.css";

export function ColorMenu({
  at,
  onChoose,
  onClose,
}: {
  at: HTMLElement | null;
  /** null: its own. */
  onChoose: (color: string | null) => void;
  onClose: () => void;
}) {
  return (
    <FloatingMenu at={at} label="Colour" width={190} onClose={onClose}>
      <Menu.Label>Colour of the run</Menu.Label>
      <div className={classes.colors}>
        {RUN_COLORS.map((color) => (
          <Menu.Item
            key={color}
            className={classes.color!}
            aria-label={color}
            onClick={() => onChoose(color)}
            style={{ background: color }}
          />
        ))}
      </div>
      <Menu.Item onClick={() => onChoose(null)}>As usual</Menu.Item>
    </FloatingMenu>
  );
}
