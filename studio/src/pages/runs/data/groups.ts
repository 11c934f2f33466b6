/** Groups of runs by params and tags, page by page. */
import type { GroupsAsked, GroupsPage, RunGroup } from "@/api/run-groups";
import type { Stat } from "@/api/runs";
import { columnOf, metricId } from "@/lib/run-columns";
import { nameOf } from "@/lib/run-filter";

export type ReadGroups = (asked: GroupsAsked, signal: AbortSignal) => Promise<GroupsPage>;

const PAGE = 200;
/** So many are read at once where they are sorted. */
const MOST_SORTED = 2_000;

export class GroupList {
  groups: RunGroup[] = [];
  state: "waiting" | "ready" | "broken" = "waiting";
  error: unknown = null;
  more = false;
  /** null: not known. */
  total: number | null = null;
  runs: number | null = null;
  private next: string | null = null;
  private abort = new AbortController();

  constructor(
    readonly asked: Omit<GroupsAsked, "max_results" | "page_token">,
    /** As for runs. The server has the largest first; by what the groups have they are sorted here. */
    private readonly orderBy: readonly string[],
    private readonly read: ReadGroups,
    private readonly changed: () => void,
  ) {}

  async load(): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    await this.page(null, this.abort.signal);
  }

  async loadMore(): Promise<void> {
    const token = this.next;
    this.next = null;
    if (token !== null) await this.page(token, this.abort.signal);
  }

  close(): void {
    this.abort.abort();
  }

  private async page(token: string | null, signal: AbortSignal): Promise<void> {
    try {
      const page = await this.read({ ...this.asked, max_results: PAGE, page_token: token }, signal);
      const all = token === null ? page.groups : [...this.groups, ...page.groups];
      this.groups = sortGroups(all, this.asked, this.orderBy);
      this.total = page.total ?? (token === null ? null : this.total);
      this.runs = page.runs ?? (token === null ? null : this.runs);
      this.next = page.next;
      this.more = page.next !== null;
      this.state = "ready";
    } catch (error) {
      if (signal.aborted) return;
      if (this.state !== "ready") this.state = "broken";
      this.error = error;
    }
    this.changed();
    if (this.orderBy.length > 0 && this.more && this.groups.length < MOST_SORTED) await this.loadMore();
  }
}

/** By the first of an order that groups have: what they are grouped by, or the mean of a metric. Exported for its test. */
export function sortGroups(
  groups: readonly RunGroup[],
  asked: Pick<GroupsAsked, "by" | "metrics">,
  orderBy: readonly string[],
): RunGroup[] {
  const [, name = "", direction] = /^(.*) (ASC|DESC)$/.exec(orderBy[0] ?? "") ?? [];
  const of = (kind: string, key: string, stat = "last") =>
    nameOf(columnOf(kind === "metric" ? metricId(key, stat as Stat) : `${kind[0]}.${key}`)!);
  const by = asked.by.findIndex((one) => of(one.kind, one.key) === name);
  const metric = asked.metrics.findIndex((one) => of("metric", one.key, one.stat) === name);
  if (by < 0 && metric < 0) return [...groups];
  const sign = direction === "DESC" ? -1 : 1;
  const value = (group: RunGroup) => (by >= 0 ? group.values[by] : group.metrics[metric]?.mean) ?? null;
  return [...groups].sort((a, b) => {
    const one = value(a);
    const other = value(b);
    // Those without come last, whatever the direction.
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    if (typeof one === "number") return sign * (one - Number(other));
    return sign * one.localeCompare(String(other), "en", { numeric: true });
  });
}
