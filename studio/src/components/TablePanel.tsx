/** A table that scrolls where there is no room for it, by keyboard too. */
import type { ReactNode } from "react";

export function TablePanel({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="panel" style={{ overflowX: "auto" }} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
