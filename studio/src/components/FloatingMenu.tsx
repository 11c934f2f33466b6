/** One menu for many places: it opens beside the element that asked for it, which has the focus again afterwards. */
import { Menu } from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";

/** The library also closes a menu at a key that is pressed outside, which the first arrow is: the focus comes a moment later. */
const POINTED = ["mousedown", "touchstart"];

/** Keys that come before the menu has the focus: Escape closes it, and arrows do not scroll the page behind it. */
function useEarlyKeys(at: HTMLElement | null, close: () => void) {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (at === null) return;
    const take = (event: KeyboardEvent) => {
      if (event.target !== at) return;
      if (event.key === "Escape") latest.current();
      if (/^Arrow(Up|Down)$/.test(event.key)) event.preventDefault();
    };
    document.addEventListener("keydown", take);
    return () => document.removeEventListener("keydown", take);
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
  useEarlyKeys(at, onClose);
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
