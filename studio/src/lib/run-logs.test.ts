import { expect, test } from "vitest";
import { BUILD, firstRead, inOrder, OUTPUT } from "@/lib/run-logs";

test("the build log comes first, then what the script writes", () => {
  const names = [
    "logs/a.txt",
    "user_logs/std_log_10.txt",
    OUTPUT,
    "system_logs/x",
    "user_logs/std_log_2.txt",
    BUILD,
  ];
  expect(inOrder(names.map((name) => ({ name }))).map((one) => one.name)).toEqual([
    BUILD,
    OUTPUT,
    "user_logs/std_log_2.txt",
    "user_logs/std_log_10.txt",
    "logs/a.txt",
    "system_logs/x",
  ]);
});

test("what the script writes is read once there is any", () => {
  const build = { name: BUILD, size: 9 };
  expect(firstRead([build, { name: OUTPUT, size: 0 }])).toBe(build);
  expect(firstRead([build, { name: OUTPUT, size: 1 }])?.name).toBe(OUTPUT);
  expect(firstRead([{ name: "logs/a", size: 0 }])?.name).toBe("logs/a");
  expect(firstRead([])).toBeUndefined();
});
