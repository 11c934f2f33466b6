/** The same for many runs: a few at a time; what fails is told once. */

const AT_ONCE = 6;

export interface Done {
  done: string[];
  failed: { id: string; error: unknown }[];
}

export async function forMany(ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<Done> {
  const result: Done = { done: [], failed: [] };
  const left = [...ids].reverse();
  const worker = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      try {
        await work(id);
        result.done.push(id);
      } catch (error) {
        result.failed.push({ id, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, worker));
  return result;
}

export const runs = (count: number): string =>
  count === 1 ? "1 run" : `${count.toLocaleString("en-US")} runs`;
