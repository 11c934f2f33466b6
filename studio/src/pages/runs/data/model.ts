/** The runs of a page: their order, their rows, what is unfolded, what changes while one looks. */
import type { GroupBy } from "@/api/run-groups";
import type { ColumnKeys, RunRow, RunsPage, WantedColumns } from "@/api/runs";
import { COLOR_TAG, type Column, wantedOf } from "@/lib/run-columns";
import { childrenOf } from "@/lib/run-filter";
import { GroupList, type ReadGroups } from "@/pages/runs/data/groups";
import { type Question, type ReadPage, RunList } from "@/pages/runs/data/list";
import { type ReadRows, Rows } from "@/pages/runs/data/rows";
import { branchesOf, Tree } from "@/pages/runs/data/tree";
import { EVERYTHING, Usual } from "@/pages/runs/data/usual";

export interface Reads {
  page: ReadPage;
  rows: ReadRows;
  groups: ReadGroups;
}

/** What a page asks; `columns` null: what the runs have. */
export interface Wish {
  question: Question;
  by: GroupBy[];
  /** Somebody chose the columns: it does not matter what is usual. */
  arranged: boolean;
  columns: readonly Column[] | null;
}

/** Runs by which a table of groups learns what is usual. */
const SAMPLE = 60;

type Main = { list: RunList; groups: null } | { list: null; groups: GroupList };

export class RunsModel {
  readonly rows: Rows;
  /** A newer question is on its way. */
  waiting = false;
  private readonly habit: Usual;
  private main: Main | null = null;
  private next: Main | null = null;
  private wish: Wish | null = null;
  private readonly openRuns = new Map<number, RunList>();
  /** By their filters: their places change. */
  private readonly openGroups = new Map<string, RunList>();
  private grown: Tree | null = null;
  private version = 0;
  private readonly listeners = new Set<() => void>();
  private telling = false;
  private needing = false;

  constructor(
    private readonly reads: Reads,
    withExperiment: boolean,
    private readonly failed: (error: unknown) => void,
  ) {
    this.habit = new Usual(withExperiment);
    this.rows = new Rows(reads.rows, () => this.tell(), failed);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly snapshot = (): number => this.version;

  /** Ids of the columns of a table that nobody arranged. */
  get usual(): readonly string[] | null {
    return this.habit.ids;
  }
  get list(): RunList | null {
    return this.main?.list ?? null;
  }
  get groups(): GroupList | null {
    return this.main?.groups ?? null;
  }
  /** Of the newest question, or of the one whose answer is shown. */
  get error(): unknown {
    const asked = this.next ?? this.main;
    const of = asked?.list ?? asked?.groups;
    return of?.state === "broken" ? of.error : null;
  }
  get total(): number | null {
    return this.main?.list?.total ?? null;
  }

  /** Asks; what is shown stays until the answer is there. */
  ask(wish: Wish): void {
    this.wish = wish;
    const main = this.begin(wish);
    if (this.next) close(this.next);
    this.next = main;
    this.waiting = true;
    this.tell();
  }

  /** After an error. */
  again(): void {
    if (this.wish) this.ask(this.wish);
  }

  /** Other columns are shown of the same runs. */
  choose(columns: readonly Column[] | null): void {
    if (this.wish) this.wish = { ...this.wish, columns };
  }

  /** Points that are logged may change which runs there are, or their order. */
  get followsPoints(): boolean {
    const { filter = "", order_by = [] } = this.wish?.question ?? {};
    return this.main?.groups != null || /metric|end_time|status/.test(`${filter} ${order_by.join(" ")}`);
  }

  get tree(): Tree {
    if (this.grown) return this.grown;
    const runs = branchesOf(this.openRuns);
    if (this.main?.groups) {
      const { groups, more } = this.main.groups;
      const byPlace = new Map<number, RunList>();
      groups.forEach((one, i) => {
        const open = this.openGroups.get(one.filter ?? "");
        if (open) byPlace.set(i, open);
      });
      this.grown = Tree.ofGroups(
        groups.length,
        branchesOf(byPlace),
        runs,
        more ? `More than ${groups.length} groups: more are read when you scroll on.` : null,
      );
    } else this.grown = Tree.ofRuns(this.main?.list?.handles ?? [], runs);
    return this.grown;
  }

  isOpen(kind: "run" | "group", key: number): boolean {
    if (kind === "run") return this.openRuns.has(key);
    return this.openGroups.has(this.groups?.groups[key]?.filter ?? "");
  }

  /** Unfolds what is nested in a run, given by its handle, or the runs of a group, given by its place; or folds it. */
  toggle(kind: "run" | "group", key: number): void {
    if (kind === "group") {
      const filter = this.groups?.groups[key]?.filter;
      if (filter) this.turn(this.openGroups, filter, filter);
    } else {
      const runId = this.rows.get(key)?.runId;
      if (runId !== undefined) this.turn(this.openRuns, key, childrenOf(runId));
    }
  }

  private turn<K>(open: Map<K, RunList>, key: K, filter: string): void {
    const list = open.get(key);
    list?.close();
    if (!open.delete(key) && this.wish) {
      const made = this.listOf({ ...this.wish.question, filter });
      open.set(key, made);
      made.load(this.wanted());
    }
    this.tell();
  }

  /** The runs of some groups, for charts; the groups stay folded. */
  members(index: number): RunList | null {
    const filter = this.groups?.groups[index]?.filter;
    if (!filter || !this.wish) return null;
    const known = this.openGroups.get(filter);
    if (known) return known;
    let made = this.hiddenMembers.get(filter);
    if (!made) {
      made = this.listOf({ ...this.wish.question, filter });
      this.hiddenMembers.set(filter, made);
      made.load({ info: true, tags: [COLOR_TAG] }, false);
    }
    return made;
  }
  private readonly hiddenMembers = new Map<string, RunList>();

  /** Reads what is missing of these rows, wherever they are. */
  async need(handles: readonly number[]): Promise<void> {
    const missing = handles.filter((one) => !this.rows.get(one) && !this.rows.isGone(one));
    if (missing.length === 0 || this.needing) return;
    this.needing = true;
    try {
      await this.rows.all(missing, []);
    } catch {
      // Those who look at them are asked again with the next change.
    } finally {
      this.needing = false;
    }
    this.tell();
  }

  /** Rows that came by another way. */
  bring(rows: readonly RunRow[], keys: ColumnKeys): void {
    this.rows.keep(rows, keys);
    this.tell();
  }

  /** Reads the order anew. */
  async refresh(): Promise<void> {
    const open = [...this.openRuns.values(), ...this.openGroups.values()];
    await Promise.all([
      this.main?.list?.refresh(this.wanted()),
      this.main?.groups?.load(),
      ...open.map((one) => one.refresh(this.wanted())),
    ]);
  }

  /** Runs that are not in this view any more. */
  remove(runIds: Iterable<string>): void {
    const gone = new Set([...runIds].flatMap((id) => this.rows.find(id)?.handle ?? []));
    if (gone.size === 0) return;
    for (const list of [this.main?.list, ...this.openRuns.values(), ...this.openGroups.values()])
      list?.without(gone);
    this.tell();
  }

  /** Somebody deleted it: where deleted runs are not shown, it goes. */
  deleted(runId: string): void {
    if (this.wish?.question.view === "active") this.remove([runId]);
  }

  close(): void {
    this.rows.close();
    for (const one of [this.main, this.next]) if (one) close(one);
    this.fold();
  }

  /** What the columns of now need; with those that the runs have, when nobody chose. */
  private wanted(): WantedColumns {
    const columns = this.wish?.columns;
    return columns ? wantedOf(columns) : EVERYTHING;
  }

  private begin(wish: Wish): Main {
    if (wish.by.length > 0) {
      const metrics = (wantedOf(wish.columns ?? []).metrics ?? []).slice(0, 50);
      const { order_by: orderBy, ...question } = wish.question;
      const groups = new GroupList({ ...question, by: wish.by, metrics }, orderBy, this.reads.groups, () =>
        this.arrived(made),
      );
      const made: Main = { list: null, groups };
      groups.load();
      if (!wish.arranged && this.usual === null) this.sample(wish.question);
      return made;
    }
    const list = this.listOf(wish.question, () => this.arrived(made));
    const made: Main = { list, groups: null };
    list.load(this.wanted());
    return made;
  }

  private listOf(question: Question, changed: () => void = () => this.tell()): RunList {
    return new RunList(question, this.reads.page, (page) => this.came(page), changed, this.failed);
  }

  /** The newest question has its answer: now it is what is shown. */
  private arrived(made: Main): void {
    if (this.next === made) {
      const broken = (made.list ?? made.groups).state === "broken";
      this.waiting = false;
      if (!broken) {
        this.fold();
        if (this.main) close(this.main);
        this.main = made;
        this.next = null;
      }
    }
    this.tell();
  }

  private came(page: RunsPage): void {
    this.rows.keep(page.rows, page.keys);
    if (this.wish?.columns === null) this.habit.learn(page);
  }

  /** Groups have no columns of their own: some of their runs say what is usual. */
  private async sample(question: Question): Promise<void> {
    try {
      const page = await this.reads.page(
        { ...question, max_results: SAMPLE, rows: SAMPLE, columns: EVERYTHING },
        new AbortController().signal,
      );
      this.rows.keep(page.rows, page.keys);
      this.habit.learn(page);
      this.tell();
    } catch {
      // The table of groups tells what is wrong.
    }
  }

  private fold(): void {
    for (const one of [
      ...this.openRuns.values(),
      ...this.openGroups.values(),
      ...this.hiddenMembers.values(),
    ])
      one.close();
    this.openRuns.clear();
    this.openGroups.clear();
    this.hiddenMembers.clear();
  }

  /** Those who look are told once for all that happens in one turn. */
  private tell(): void {
    this.grown = null;
    if (this.telling) return;
    this.telling = true;
    queueMicrotask(() => {
      this.telling = false;
      this.version += 1;
      for (const listener of this.listeners) listener();
    });
  }
}

function close(main: Main): void {
  (main.list ?? main.groups).close();
}
