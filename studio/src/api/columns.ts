/** Columns as they come from the server: MessagePack with little-endian arrays. See docs/reference/api.md. */

export type WireColumn =
  | { t: "f8" | "u4" | "u1"; d: Uint8Array; n?: Uint8Array }
  | { t: "dict"; v: string[]; d: Uint8Array }
  | (string | null)[];

const ABSENT = 0xffffffff;

/** Numbers of a column; NaN stands for no value. */
export function numbers(column: WireColumn): Float64Array | Uint32Array | Uint8Array {
  if (Array.isArray(column))
    return Float64Array.from(column, (one) => (one === null ? Number.NaN : Number(one)));
  const bytes = aligned(column.d, column.t === "f8" ? 8 : column.t === "u1" ? 1 : 4);
  if (column.t === "f8") return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  if (column.t === "u1") return bytes;
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Numbers of a column that may hold NaN as a value; null where there is none. */
export function values(column: WireColumn): (number | null)[] {
  const found = numbers(column);
  const none = !Array.isArray(column) && column.t === "f8" ? column.n : undefined;
  const absent = (i: number): boolean =>
    none ? ((none[i >> 3] ?? 0) >> (i & 7)) % 2 === 1 : Number.isNaN(found[i]);
  return Array.from(found, (one, i) => (absent(i) ? null : one));
}

/** Texts of a column; null where there is none. */
export function texts(column: WireColumn): (string | null)[] {
  if (Array.isArray(column)) return column;
  if (column.t !== "dict")
    return Array.from(numbers(column), (one) => (Number.isNaN(one) ? null : String(one)));
  const bytes = aligned(column.d, 4);
  const places = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return Array.from(places, (place) => (place === ABSENT ? null : (column.v[place] ?? null)));
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : bytes.slice();
}
