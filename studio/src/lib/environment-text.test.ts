import { expect, test } from "vitest";
import { environmentText } from "@/lib/environment-text";

test("an environment is its name and its packages", () => {
  const found = environmentText({
    name: "sklearn",
    version: "3",
    python: { condaDependencies: { dependencies: ["python=3.11", { pip: ["scikit-learn==1.5", 7] }, null] } },
    docker: { enabled: true, baseImage: "python:3.11" },
  });
  expect(found).toEqual({
    name: "sklearn:3",
    packages: "python=3.11\npip: scikit-learn==1.5\npip: 7",
    image: "python:3.11",
  });
});

test("what is not named is told in words, and garbage is none", () => {
  expect(environmentText({ python: { userManagedDependencies: true, interpreterPath: "py" } }).name).toBe(
    "the machine's own Python (py)",
  );
  expect(environmentText({}).name).toBe("the machine's own Python");
  expect(environmentText({ python: { condaDependencies: { dependencies: ["a"] } } }).name).toBe("of its own");
  expect(environmentText([{ name: {} }])).toEqual({
    name: "the machine's own Python",
    packages: "",
    image: "",
  });
});
