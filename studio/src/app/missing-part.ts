/**
 * Parts of the page that cannot be loaded: a server that was updated has others, and one that is away has none. Only in
 * the first case is the page loaded anew: in the second nothing would be left of it.
 */
const OFTEN_MS = 30_000;

/** The name of the error that a part which is not there throws. */
export const MISSING_PART = "MissingPart";

/** Load the page anew, if there is a server. */
export async function reloadIfAnswered(): Promise<void> {
  const answer = await fetch("/health", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}

export function watchMissingParts(): void {
  window.addEventListener("vite:preloadError", (event) => {
    // By its name and words it is known below; the router would load the page anew by itself.
    event.payload.name = MISSING_PART;
    event.payload.message = "A part of this page could not be loaded.";
    const last = Number(sessionStorage.getItem("reloaded") ?? 0);
    if (Date.now() - last < OFTEN_MS) return;
    sessionStorage.setItem("reloaded", String(Date.now()));
    void reloadIfAnswered();
  });
}
