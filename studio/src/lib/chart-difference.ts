/** Which rows of a table of runs differ. Pure. */
export interface DifferenceRow {
  kind: "param" | "metric";
  key: string;
  cells: (string | number | null)[];
  differs: boolean;
}

const same = (a: string | number | null, b: string | number | null): boolean => Object.is(a, b);

export function differenceRow(
  kind: DifferenceRow["kind"],
  key: string,
  cells: (string | number | null)[],
): DifferenceRow {
  return { kind, key, cells, differs: cells.some((one) => !same(one, cells[0] ?? null)) };
}

/** Rows that some run has a value in; only those that differ, if wanted. */
export function wantedRows(rows: readonly DifferenceRow[], onlyDifferent: boolean): DifferenceRow[] {
  return rows.filter((row) => row.cells.some((one) => one !== null) && (row.differs || !onlyDifferent));
}
