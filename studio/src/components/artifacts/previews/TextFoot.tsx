/** How much of a text is shown, and the way to more. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { useText } from "@/components/artifacts/previews/use-text";
import { bytes } from "@/lib/format";

export function TextFoot({ found, children }: { found: ReturnType<typeof useText>; children?: ReactNode }) {
  const { query, read, total, whole } = found;
  return (
    <div className={classes.foot}>
      {!whole && (
        <>
          <span className="numeric">
            The first {bytes(read)} of {bytes(total)}
          </span>
          <Button
            size="compact-sm"
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => query.fetchNextPage()}
          >
            Show more
          </Button>
        </>
      )}
      {query.isFetchNextPageError && <span role="alert">{query.error?.message}</span>}
      {children}
    </div>
  );
}
