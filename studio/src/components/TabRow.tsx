/** Parts of a page side by side: arrows go along them; where not all have room, the chosen one is in view. */
import type { TablerIcon } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import classes from "@/components/TabRow.module.css";

export function TabRow<Name extends string>({
  label,
  names,
  looks,
  chosen,
  go,
}: {
  label: string;
  names: readonly Name[];
  looks: Record<Name, { text: string; icon: TablerIcon }>;
  chosen: Name;
  go: (name: Name) => void;
}) {
  const row = useRef<HTMLDivElement>(null);
  const place = names.indexOf(chosen);
  useEffect(() => {
    row.current?.children[place]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [place]);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const next = (place + step + names.length) % names.length;
    go(names[next]!);
    (event.currentTarget.children[next] as HTMLElement).focus();
  };
  return (
    <div ref={row} role="tablist" aria-label={label} className={classes.tabs} onKeyDown={onKeyDown}>
      {names.map((name) => {
        const { text, icon: Icon } = looks[name];
        return (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={name === chosen}
            tabIndex={name === chosen ? 0 : -1}
            className={classes.tab}
            onClick={() => go(name)}
          >
            <Icon size={15} aria-hidden />
            {text}
          </button>
        );
      })}
    </div>
  );
}
