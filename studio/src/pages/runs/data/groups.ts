/** Groups of runs by params and tags, page by page. */
import type { GroupsAsked, GroupsPage, RunGroup } from "@/api/run-groups";

export type ReadGroups = (asked: GroupsAsked, signal: AbortSignal) => Promise<GroupsPage>;

const PAGE = 200;

export class GroupList {
  groups: RunGroup[] = [];
  state: "waiting" | "ready" | "broken" = "waiting";
  error: unknown = null;
  more = false;
  private next: string | null = null;
  private abort = new AbortController();

  constructor(
    readonly asked: Omit<GroupsAsked, "max_results" | "page_token">,
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
      this.groups = token === null ? page.groups : [...this.groups, ...page.groups];
      this.next = page.next;
      this.more = page.next !== null;
      this.state = "ready";
    } catch (error) {
      if (signal.aborted) return;
      if (this.state !== "ready") this.state = "broken";
      this.error = error;
    }
    this.changed();
  }
}
