/** JSON that is a table: what `mlflow.log_table` writes, and lists of records. Pure. */
export interface JsonTable {
  columns: string[];
  rows: string[][];
}

const MOST_KEYS = 100;

/** null: it is no table. */
export function tableOf(value: unknown): JsonTable | null {
  if (isRecord(value)) {
    const { columns, data } = value;
    if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return null;
    return { columns: columns.map(String), rows: data.map((row: unknown[]) => row.map(cell)) };
  }
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRecord)) return null;
  const keys = [...new Set(value.flatMap((row) => Object.keys(row)))];
  if (keys.length === 0 || keys.length > MOST_KEYS) return null;
  return { columns: keys, rows: value.map((row) => keys.map((key) => cell(row[key]))) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const cell = (value: unknown): string =>
  value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
