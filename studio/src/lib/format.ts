/** Numbers, times and sizes as people read them. Pure. */

const SIGNIFICANT = 5;

/** A metric: at most five significant digits, exponents where the number is very small or large. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en-US").replace("-", "−");
  const text =
    size < 1e-4 || size >= 1e9
      ? value.toExponential(SIGNIFICANT - 2)
      : String(Number(value.toPrecision(SIGNIFICANT)));
  return text.replace("-", "−").replace(/e\+/, "e").replace("e-", "e−");
}

/** 1,234,567 → 1.23M. For counts of points and runs. */
export function count(value: number): string {
  if (value < 10_000) return value.toLocaleString("en-US");
  const units = ["k", "M", "G", "T"];
  let size = value;
  let unit = "";
  for (const next of units) {
    if (size < 1000) break;
    size /= 1000;
    unit = next;
  }
  return `${size >= 100 ? Math.round(size) : Number(size.toPrecision(3))}${unit}`;
}

/** Bytes in powers of 1,024. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size >= 100 ? Math.round(size) : Number(size.toPrecision(3))} ${units[unit]}`;
}

/** A length of time: 431 ms, 12.4 s, 3 min 5 s, 2 h 11 min, 4 d 3 h. */
export function duration(ms: number): string {
  if (ms < 0 || !Number.isFinite(ms)) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago: now, 5 min ago, 3 h ago, 12 d ago; after 60 days the day. */
export function ago(ms: number, now: number): string {
  const seconds = (now - ms) / 1000;
  if (seconds < 45) return seconds < -45 ? moment(ms) : "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 60 * 86_400) return `${Math.round(seconds / 86_400)} d ago`;
  return new Date(ms).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** The moment in the reader's zone, to the second. */
export function moment(ms: number): string {
  return new Date(ms).toLocaleString(undefined, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
    timeZoneName: "short",
  });
}
