import { expect, test } from "vitest";
import { LogText } from "@/lib/log-text";

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines come together wherever the pieces are cut, also within a letter", () => {
  const whole = bytes("eins\nzwölf\n\ndrei");
  for (let cut = 1; cut < whole.length; cut++) {
    const log = new LogText(0);
    log.append(whole.subarray(0, cut));
    log.append(whole.subarray(cut));
    expect(log.lines()).toEqual(["eins", "zwölf", "", "drei"]);
    expect([log.start, log.end]).toEqual([0, whole.length]);
  }
});

test("earlier lines come before; a line that began before is left out until it is whole", () => {
  const text = "first\nsecond\nthird\nfourth\n";
  const log = new LogText(13);
  log.append(bytes(text.slice(13)));
  log.prepend(bytes(text.slice(3, 13)));
  expect(log.lines()).toEqual(["second", "third", "fourth"]);
  expect(log.start).toBe(6);
  log.prepend(bytes(text.slice(0, 6)));
  expect(log.lines()).toEqual(["first", "second", "third", "fourth"]);
});

test("the earliest lines are forgotten beyond a number", () => {
  const log = new LogText(0);
  for (let i = 0; i < 10; i++) log.append(bytes(`a${i}\nb${i}\n`));
  log.shorten(5);
  expect(log.lines()).toEqual(["a7", "b7", "a8", "b8", "a9", "b9"]);
  expect(log.start).toBe(7 * 6);
});

test("a log is opened at its end, within a line", () => {
  const text = bytes("first\nsecond\nthi");
  const log = new LogText(text.length);
  log.prepend(text.subarray(2));
  expect(log.lines()).toEqual(["second", "thi"]);
  expect([log.start, log.end]).toEqual([6, text.length]);
  log.append(bytes("rd\n"));
  expect(log.lines()).toEqual(["second", "third"]);
  log.prepend(text.subarray(0, 6));
  expect(log.lines()).toEqual(["first", "second", "third"]);
});

test("where bytes were left out, one goes on behind them", () => {
  const log = new LogText(0);
  log.append(bytes("first\n[900 bytes were left out here]\n"), 906);
  log.append(bytes("last\n"));
  expect(log.lines()).toEqual(["first", "[900 bytes were left out here]", "last"]);
  expect([log.start, log.end]).toEqual([0, 911]);
  const later = new LogText(911);
  later.prepend(bytes("st\n[900 bytes were left out here]\nlast\n"), 3);
  expect(later.lines()).toEqual(["[900 bytes were left out here]", "last"]);
  expect([later.start, later.end]).toEqual([6, 911]);
  later.prepend(bytes("first\n"));
  expect(later.lines()[0]).toBe("first");
});
