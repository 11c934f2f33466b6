/** One menu for many places: it opens beside the element that asked for it, which has the focus again afterwards. */
import { Menu } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

/** The library also closes a menu at a key that is pressed outside, which the first arrow is: the focus comes a moment later. */
const POINTED = ["mousedown", "touchstart"];

/** Until the menu has the focus, arrows do not scroll the page: it begins at its first item in any case. */
function useHeldArrows(at: HTMLElement | null) {
  useEffect(() => {
    if (at === null) return;
    const hold = (event: KeyboardEvent) => {
      if (event.target === at && /^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", hold);
    return () => document.removeEventListener("keydown", hold);
  }, [at]);
}

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
  useHeldArrows(at);
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
      clickOutsideEvents={POINTED}
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
