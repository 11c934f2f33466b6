/** Text as a terminal would colour it. */
import { Fragment, useMemo } from "react";
import classes from "@/components/artifacts/Ansi.module.css";
import { ansiLine, type Piece, PLAIN } from "@/lib/ansi";

export function Ansi({ text }: { text: string }) {
  const lines = useMemo(() => {
    let state = PLAIN;
    return text.split("\n").map((line) => {
      const found = ansiLine(line, state);
      state = found.state;
      return found.pieces;
    });
  }, [text]);
  return lines.map((pieces, i) => (
    <Fragment key={String(i)}>
      {i > 0 && "\n"}
      <Pieces pieces={pieces} />
    </Fragment>
  ));
}

export function Pieces({ pieces }: { pieces: readonly Piece[] }) {
  return pieces.map((piece, i) =>
    piece.styles.length === 0 ? (
      <Fragment key={String(i)}>{piece.text}</Fragment>
    ) : (
      <span key={String(i)} className={piece.styles.map((one) => classes[one]).join(" ")}>
        {piece.text}
      </span>
    ),
  );
}
