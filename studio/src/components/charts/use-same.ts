/** The same array as before while its items are the same ones. */
import { useRef } from "react";

export function useSame<T>(items: readonly T[]): readonly T[] {
  const kept = useRef(items);
  const old = kept.current;
  if (old.length !== items.length || items.some((one, i) => one !== old[i])) kept.current = items;
  return kept.current;
}
