import { expect, test } from "vitest";
import { CsvReader, delimiterOf } from "@/lib/csv-read";

function read(pieces: string[], delimiter = ","): string[][] {
  const reader = new CsvReader(delimiter);
  for (const piece of pieces) reader.push(piece);
  reader.end();
  return reader.rows;
}

test("quotes, line ends and empty fields, wherever the pieces are cut", () => {
  const text = '\ufeffa,b\r\n"x, ""y""\nz",\r\n1,2\n\n3,4';
  const wanted = [
    ["a", "b"],
    ['x, "y"\nz', ""],
    ["1", "2"],
    ["3", "4"],
  ];
  expect(read([text])).toEqual(wanted);
  for (let cut = 1; cut < text.length; cut++)
    expect(read([text.slice(0, cut), text.slice(cut)])).toEqual(wanted);
});

test("an unfinished row is not there before the end", () => {
  const reader = new CsvReader(",");
  reader.push("a,b\n1,");
  expect(reader.rows).toEqual([["a", "b"]]);
});

test("the first line tells what parts the fields", () => {
  expect(delimiterOf("a.csv", "a;b;c\n1,5;2;3")).toBe(";");
  expect(delimiterOf("a.tsv", "a,b")).toBe("\t");
  expect(delimiterOf("a.csv", "one")).toBe(",");
});
