/** Images that runs logged by key and step, as MLflow's `log_image(image, key=…, step=…)` names them. Pure. */
export interface LoggedImage {
  path: string;
  key: string;
  step: number;
  ms: number;
}

/** `images/KEY%step%3%timestamp%1700000000000%ID.png`; later releases of MLflow part with `+`. null: it is no such image. */
export function loggedImage(path: string): LoggedImage | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const found = /^(.+)([%+])step\2(-?\d+)\2timestamp\2(\d+)\2([^%+]+)\.(png|jpe?g|webp|gif)$/.exec(name);
  if (!found) return null;
  // A slash in a key is kept as a number sign.
  return { path, key: found[1]!.replaceAll("#", "/"), step: Number(found[3]), ms: Number(found[4]) };
}

/** The keys, and per key the images by step; of several at one step the newest. */
export function imageSeries(paths: readonly string[]): Map<string, LoggedImage[]> {
  const found = new Map<string, Map<number, LoggedImage>>();
  for (const path of paths) {
    const image = loggedImage(path);
    if (!image) continue;
    const steps = found.get(image.key) ?? new Map<number, LoggedImage>();
    found.set(image.key, steps);
    const old = steps.get(image.step);
    if (!old || old.ms < image.ms) steps.set(image.step, image);
  }
  return new Map(
    [...found].map(([key, steps]) => [key, [...steps.values()].sort((a, b) => a.step - b.step)]),
  );
}

/** The image to show at a step: the last one that is not after it, else the first. */
export function imageAt(images: readonly LoggedImage[], step: number): LoggedImage | undefined {
  return images.findLast((one) => one.step <= step) ?? images[0];
}
