/** Reads MessagePack as the server writes packed answers: maps with text keys, lists, texts, numbers, bytes. Pure. */

const utf8 = new TextDecoder();

/** Bytes are views of `data`, not copies. Throws RangeError, for what ends too soon or is of another kind. */
export function unpack(data: Uint8Array): unknown {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;

  const take = (size: number): number => {
    const start = at;
    at += size;
    if (at > data.length) throw new RangeError("The packed answer ends too soon.");
    return start;
  };
  /** An unsigned number of 1, 2 or 4 bytes. */
  const size = (bytes: number): number => {
    const start = take(bytes);
    return bytes === 1 ? view.getUint8(start) : bytes === 2 ? view.getUint16(start) : view.getUint32(start);
  };
  const bytes = (length: number): Uint8Array => {
    const start = take(length);
    return data.subarray(start, start + length);
  };
  const text = (length: number): string => utf8.decode(bytes(length));
  const list = (length: number): unknown[] => {
    const found = [];
    for (let i = 0; i < length; i++) found.push(value());
    return found;
  };
  const map = (length: number): Record<string, unknown> => {
    const found: [string, unknown][] = [];
    for (let i = 0; i < length; i++) found.push([String(value()), value()]);
    return Object.fromEntries(found);
  };

  const others: Record<number, () => unknown> = {
    192: () => null,
    194: () => false,
    195: () => true,
    196: () => bytes(size(1)),
    197: () => bytes(size(2)),
    198: () => bytes(size(4)),
    202: () => view.getFloat32(take(4)),
    203: () => view.getFloat64(take(8)),
    204: () => size(1),
    205: () => size(2),
    206: () => size(4),
    // Beyond 2^53 the nearest number.
    207: () => Number(view.getBigUint64(take(8))),
    208: () => view.getInt8(take(1)),
    209: () => view.getInt16(take(2)),
    210: () => view.getInt32(take(4)),
    211: () => Number(view.getBigInt64(take(8))),
    217: () => text(size(1)),
    218: () => text(size(2)),
    219: () => text(size(4)),
    220: () => list(size(2)),
    221: () => list(size(4)),
    222: () => map(size(2)),
    223: () => map(size(4)),
  };

  function value(): unknown {
    const kind = size(1);
    if (kind < 128) return kind;
    if (kind < 144) return map(kind - 128);
    if (kind < 160) return list(kind - 144);
    if (kind < 192) return text(kind - 160);
    if (kind >= 224) return kind - 256;
    const read = others[kind];
    if (!read) throw new RangeError(`The packed answer holds something unknown: ${kind}.`);
    return read();
  }

  return value();
}
