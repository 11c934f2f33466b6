/** What is loaded and made when it is wanted for the first time, and stays then. */
import { type ReactNode, Suspense, useState } from "react";

export function Lazily({ when, children }: { when: boolean; children: ReactNode }) {
  const [wanted, setWanted] = useState(when);
  if (when && !wanted) setWanted(true);
  return wanted ? <Suspense fallback={null}>{children}</Suspense> : null;
}
