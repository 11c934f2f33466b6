/** Numbers of many runs as a short text for addresses: each as what it is more than the one before. Pure. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A thousand runs of a workspace with a hundred thousand take three kilobytes; the order stays. */
export function packedNumbers(numbers: readonly number[]): string {
  let text = "";
  let before = 0;
  for (const one of numbers) {
    const step = one - before;
    before = one;
    let rest = step < 0 ? -step * 2 - 1 : step * 2;
    // Five bits a digit; the sixth says that more follow.
    do {
      const digit = rest % 32;
      rest = Math.floor(rest / 32);
      text += DIGITS[digit + (rest > 0 ? 32 : 0)];
    } while (rest > 0);
  }
  return text;
}

/** What packedNumbers made of them; anything else gives the numbers up to where it makes no sense. */
export function unpackedNumbers(text: string): number[] {
  const found: number[] = [];
  let before = 0;
  let step = 0;
  let weight = 1;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) break;
    step += (digit % 32) * weight;
    weight *= 32;
    if (digit >= 32) {
      if (weight > Number.MAX_SAFE_INTEGER) break;
      continue;
    }
    before += step % 2 === 1 ? -(step + 1) / 2 : step / 2;
    if (!Number.isSafeInteger(before) || before < 0) break;
    found.push(before);
    step = 0;
    weight = 1;
  }
  return found;
}

/** So many runs stand in an address by their ids; more of them by their numbers, which are shorter. */
export const MOST_IDS = 40;

/** The part of an address that names runs to compare: their ids where they are few, else their numbers. */
export function comparing(rows: readonly { runId: string; handle: number }[]): Record<string, unknown> {
  return rows.length <= MOST_IDS
    ? { runs: rows.map((one) => one.runId) }
    : { n: packedNumbers(rows.map((one) => one.handle)) };
}
