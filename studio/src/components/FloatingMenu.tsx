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
  if (at === null) return null;
  const box = at.getBoundingClientRect();
  return (
    <Menu
      opened
      onClose={() => {
        at.focus({ preventScroll: true });
        onClose();
      }}
      width={width}
      position="bottom-start"
      withinPortal
      returnFocus={false}
      transitionProps={{ duration: 60 }}
    >
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          aria-label={label}
          style={{
            position: "fixed",
            pointerEvents: "none",
            padding: 0,
            border: "none",
            background: "none",
            left: box.left,
            top: box.top,
            width: box.width,
            height: box.height,
          }}
        />
      </Menu.Target>
      <Menu.Dropdown aria-label={label}>{children}</Menu.Dropdown>
    </Menu>
  );
}
