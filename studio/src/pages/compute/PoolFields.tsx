import { Autocomplete, Select } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { computesQuery, sizesQuery } from "@/api/compute";
import type { Fill } from "@/pages/compute/Fields";
import type { Filled } from "@/pages/compute/form";

/** Whose machines a pool is made of, and which of them. */
export function PoolFields({ workspace, filled, fill }: { workspace: string; filled: Filled; fill: Fill }) {
  const computes = useInfiniteQuery(computesQuery(workspace));
  const sizes = useQuery(sizesQuery(workspace));
  const bases = (computes.data?.pages.flatMap((page) => page.items) ?? []).filter(
    (one) => one.kind !== "pool",
  );
  const known = (sizes.data ?? []).filter((one) => filled.base === "" || one.compute === filled.base);
  return (
    <>
      <Autocomplete
        label="Size"
        description="As the administrator declared it on a compute target, in its tab Sizes"
        required
        data={known.map((one) => one.name)}
        value={filled.size}
        onChange={(size) =>
          fill({ size, base: sizes.data?.find((one) => one.name === size)?.compute ?? filled.base })
        }
      />
      <Select
        label="Compute target"
        description="Whose machines these are"
        clearable
        clearButtonProps={{ "aria-label": "None" }}
        data={bases.map((one) => one.name)}
        value={filled.base || null}
        onChange={(base) => fill({ base: base ?? "" })}
      />
    </>
  );
}
