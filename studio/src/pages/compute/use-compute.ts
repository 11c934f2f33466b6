/** How often targets are asked for: what changes on their machines is told by nobody. */
export const OFTEN_MS = 10_000;
