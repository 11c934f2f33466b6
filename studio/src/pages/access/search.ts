/** Which lines of the audit log are shown, in the page's address. Pure. */

export const SPANS = {
  hour: { label: "the last hour", ms: 3_600_000 },
  day: { label: "the last 24 hours", ms: 86_400_000 },
  week: { label: "the last 7 days", ms: 7 * 86_400_000 },
  month: { label: "the last 30 days", ms: 30 * 86_400_000 },
} as const;
export type Span = keyof typeof SPANS;
export const OUTCOMES = [
  "done",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_DOES_NOT_EXIST",
  "INVALID_PARAMETER_VALUE",
] as const;

export interface AuditShown {
  who: string;
  action: string;
  outcome: (typeof OUTCOMES)[number] | null;
  span: Span | null;
}

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export function auditShown(search: Record<string, unknown>): AuditShown {
  const span = text(search.span);
  return {
    who: text(search.who),
    action: text(search.action),
    outcome: OUTCOMES.find((one) => one === search.outcome) ?? null,
    span: Object.hasOwn(SPANS, span) ? (span as Span) : null,
  };
}

export const auditAddress = (shown: AuditShown): Record<string, string> => ({
  tab: "audit",
  ...(shown.who && { who: shown.who }),
  ...(shown.action && { action: shown.action }),
  ...(shown.outcome && { outcome: shown.outcome }),
  ...(shown.span && { span: shown.span }),
});

/** When a span begins; to the minute, so that the same question is not asked anew all the time. */
export const since = (span: Span | null, now: number): number | undefined =>
  span === null ? undefined : Math.floor((now - SPANS[span].ms) / 60_000) * 60_000;
