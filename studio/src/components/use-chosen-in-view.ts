import { useEffect, useRef } from "react";

/** The row of tabs to which the result belongs shows the chosen one, where not all have room. */
export function useChosenInView(place: number) {
  const row = useRef<HTMLDivElement>(null);
  useEffect(() => {
    row.current?.children[place]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [place]);
  return row;
}
