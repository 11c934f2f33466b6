/** A surface through scattered points, and its lines of equal height. Pure. */
export interface Spot {
  /** 0 to 1. */
  x: number;
  y: number;
  z: number;
}

export interface Field {
  size: number;
  /** By rows from y = 0. */
  values: Float64Array;
  low: number;
  high: number;
}

const POWER = 3;

/** Each place takes the mean of all points, weighted by the inverse of their distance cubed (Shepard, 1968). null: no points. */
export function field(spots: readonly Spot[], size: number): Field | null {
  const there = spots.filter((one) => [one.x, one.y, one.z].every(Number.isFinite));
  if (there.length === 0) return null;
  const values = new Float64Array(size * size);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const value = valueAt(there, (column + 0.5) / size, (row + 0.5) / size);
      values[row * size + column] = value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return { size, values, low, high };
}

function valueAt(spots: readonly Spot[], x: number, y: number): number {
  let sum = 0;
  let all = 0;
  for (const spot of spots) {
    const distance = (spot.x - x) ** 2 + (spot.y - y) ** 2;
    if (distance < 1e-12) return spot.z;
    const weight = distance ** (-POWER / 2);
    sum += spot.z * weight;
    all += weight;
  }
  return sum / all;
}

/** One piece of a line, in 0 to 1. */
export type Piece = [x0: number, y0: number, x1: number, y1: number];

/** Where the surface has a height, square by square (marching squares; a saddle is cut by its mean). */
export function isoline({ size, values }: Field, level: number): Piece[] {
  const made: Piece[] = [];
  const at = (column: number, row: number) => values[row * size + column]!;
  const place = (n: number) => (n + 0.5) / size;
  for (let row = 0; row + 1 < size; row++)
    for (let column = 0; column + 1 < size; column++) {
      const a = at(column, row);
      const b = at(column + 1, row);
      const c = at(column + 1, row + 1);
      const d = at(column, row + 1);
      const between = (from: number, to: number) => (level - from) / (to - from);
      const bottom = (): [number, number] => [place(column + between(a, b)), place(row)];
      const right = (): [number, number] => [place(column + 1), place(row + between(b, c))];
      const top = (): [number, number] => [place(column + between(d, c)), place(row + 1)];
      const left = (): [number, number] => [place(column), place(row + between(a, d))];
      const join = (one: [number, number], two: [number, number]) => made.push([...one, ...two]);
      const kind = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      const high = (a + b + c + d) / 4 > level;
      if (kind === 1 || kind === 14) join(left(), bottom());
      else if (kind === 2 || kind === 13) join(bottom(), right());
      else if (kind === 4 || kind === 11) join(right(), top());
      else if (kind === 8 || kind === 7) join(top(), left());
      else if (kind === 3 || kind === 12) join(left(), right());
      else if (kind === 6 || kind === 9) join(bottom(), top());
      else if (kind === 5 || kind === 10) {
        const apart = (kind === 5) === high;
        join(left(), apart ? top() : bottom());
        join(right(), apart ? bottom() : top());
      }
    }
  return made;
}
