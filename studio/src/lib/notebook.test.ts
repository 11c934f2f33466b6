import { expect, test } from "vitest";
import { parseNotebook } from "@/lib/notebook";

test("cells and their outputs; pages are words only", () => {
  const made = parseNotebook(
    JSON.stringify({
      metadata: { language_info: { name: "python" } },
      cells: [
        { cell_type: "markdown", source: ["# a\n", "b"] },
        {
          cell_type: "code",
          source: "x",
          execution_count: 3,
          outputs: [
            { output_type: "stream", text: ["1\n", "2"] },
            { output_type: "display_data", data: { "image/png": "aGk=\n" } },
            { output_type: "execute_result", data: { "text/html": "<script>alert(1)</script><b>x</b>" } },
            { output_type: "error", traceback: ["a", "b"] },
          ],
        },
      ],
    }),
  );
  expect(made.cells[0]).toMatchObject({ kind: "markdown", source: "# a\nb", outputs: [] });
  expect(made.cells[1]!.number).toBe(3);
  expect(made.cells[1]!.outputs).toEqual([
    { kind: "words", text: "1\n2" },
    { kind: "picture", source: "data:image/png;base64,aGk=" },
    { kind: "words", text: " alert(1) x " },
    { kind: "error", text: "a\nb" },
  ]);
});

test("what is no notebook says so", () => {
  expect(() => parseNotebook("{}")).toThrow("no cells");
});

test("hostile notebooks are read, as far as they are shown, in no time", () => {
  const page = "<".repeat(500_000);
  const made = parseNotebook(
    JSON.stringify({
      metadata: { language_info: { name: { toString: 1 } }, kernelspec: { language: ["python"] } },
      cells: [
        { cell_type: "code", outputs: [{ output_type: "display_data", data: { "text/html": page } }] },
        ...Array.from({ length: 5_000 }, () => ({})),
      ],
    }),
  );
  expect(made.language).toBe("python");
  expect(made.cells[0]!.outputs[0]).toEqual({ kind: "words", text: page });
  expect([made.cells.length, made.left]).toEqual([1_000, 4_001]);
}, 2_000);
