/** The beginning of a file as text, and more of it on demand. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type FileSource, type Part, readPart } from "@/api/artifacts";

const PART = 256 * 1024;

/** @param size null: not known. An empty file is not asked for: it has no part. */
export function useText(source: FileSource, path: string, size: number | null) {
  const query = useInfiniteQuery({
    queryKey: ["file text", source.key, path, size === 0],
    queryFn: async ({ pageParam, signal }): Promise<Part> =>
      size === 0
        ? { bytes: new Uint8Array(), total: 0 }
        : readPart(source.preview(path), pageParam, PART, signal),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const read = pages.reduce((sum, one) => sum + one.bytes.length, 0);
      return last.bytes.length > 0 && read < last.total ? read : undefined;
    },
    gcTime: 30_000,
  });
  const pages = query.data?.pages;
  const text = useMemo(() => {
    const decoder = new TextDecoder();
    return (pages ?? []).map((one) => decoder.decode(one.bytes, { stream: true })).join("");
  }, [pages]);
  // What text never has; UTF-16 is seen as binary, too.
  const binary = useMemo(() => pages?.[0]?.bytes.subarray(0, 8192).includes(0) ?? false, [pages]);
  const read = pages?.reduce((sum, one) => sum + one.bytes.length, 0) ?? 0;
  return { query, text, binary, read, total: pages?.[0]?.total ?? 0, whole: !query.hasNextPage };
}
