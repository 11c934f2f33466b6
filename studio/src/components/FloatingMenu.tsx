/** One menu for many places: it opens beside the element that asked for it, which has the focus again afterwards. */
import { Menu } from "@mantine/core";
import type { ReactNode } from "react";

export function FloatingMenu({
  at,
  label,
  width = 230,
  onClose,
  children,
}: {
  /** null: closed. */
  at: HTMLElement | null;
  label: string;
  width?: number;
  onClose: () => void;
  children: ReactNode;
}) {
  const box = at?.getBoundingClientRect();
  return (
    <Menu
      opened={at !== null}
      onClose={() => {
        at?.focus({ preventScroll: true });
        onClose();
      }}
      width={width}
      position="bottom-start"
      withinPortal
      returnFocus={false}
      transitionProps={{ duration: 60 }}
    >
      <Menu.Target>
        <div
          style={{
            position: "fixed",
            pointerEvents: "none",
            left: box?.left ?? 0,
            top: box?.top ?? 0,
            width: box?.width ?? 0,
            height: box?.height ?? 0,
          }}
        />
      </Menu.Target>
      <Menu.Dropdown aria-label={label}>{at && children}</Menu.Dropdown>
    </Menu>
  );
}
