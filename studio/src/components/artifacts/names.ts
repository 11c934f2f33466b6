/** What files are called here. Pure. */
import { loggedImage } from "@/lib/chart-images";
import { nameOf } from "@/lib/file-kind";

/** Pictures that were logged by key and step are called so, all others by their names. */
export function shownName(path: string): string {
  const logged = loggedImage(path);
  return logged ? `${logged.key}, step ${logged.step.toLocaleString("en-US")}` : nameOf(path);
}
