/** What files are called here. Pure. */
import { loggedImage } from "@/lib/chart-images";
import { nameOf } from "@/lib/file-kind";

/** Marks that turn the direction of text: with them `gnp.exe` would read as a picture's name. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Pictures that were logged by key and step are called so, all others by their names. */
export function shownName(path: string): string {
  const logged = loggedImage(path);
  const name = logged ? `${logged.key}, step ${logged.step.toLocaleString("en-US")}` : nameOf(path);
  return name.replace(TURNING, "\ufffd");
}
