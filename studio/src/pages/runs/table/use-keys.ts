/** The keys of the table. */
import type { KeyboardEvent } from "react";
import { useShortcuts } from "@/app/shortcuts";

export interface KeyActions {
  by: (step: number) => void;
  to: (place: number) => void;
  select: (extend: boolean) => void;
  open: () => void;
  /** Says whether anything could be unfolded or folded. */
  fold: (open: boolean) => boolean;
  see: () => void;
  filter: () => void;
  compare: () => void;
}

const PAGE = 20;

/** Letters work wherever one is on the page; the rest while the table has the focus. */
export function useTableKeys(actions: KeyActions) {
  useShortcuts([
    { keys: "j", does: "Next run", run: () => actions.by(1) },
    { keys: "k", does: "Previous run", run: () => actions.by(-1) },
    {
      keys: "x",
      does: "Select the run; with Shift, all from the last one",
      run: (e) => actions.select(e.shiftKey),
    },
    { keys: "h", does: "Show or hide the run in charts", run: actions.see },
    { keys: "c", does: "Compare the selected runs", run: actions.compare },
    { keys: "/", does: "Filter runs", run: actions.filter },
  ]);
  return (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (
      [
        ["ArrowDown", () => actions.by(1)],
        ["ArrowUp", () => actions.by(-1)],
        ["PageDown", () => actions.by(PAGE)],
        ["PageUp", () => actions.by(-PAGE)],
        ["Home", () => actions.to(0)],
        ["End", () => actions.to(Number.POSITIVE_INFINITY)],
        ["Enter", actions.open],
        [" ", () => actions.select(event.shiftKey)],
      ] as const
    ).find(([key]) => key === event.key)?.[1];
    const fold = event.key === "ArrowRight" || event.key === "ArrowLeft";
    // Where nothing unfolds, these keys scroll to other columns.
    if (fold && actions.fold(event.key === "ArrowRight")) event.preventDefault();
    else if (move) {
      move();
      event.preventDefault();
    }
  };
}
