/** The field for filters: words look for names; comparisons are completed while one types. */
import { CloseButton, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import {
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { accept, placeAt, type Suggestion } from "@/lib/filter-complete";
import classes from "@/pages/runs/bar/FilterField.module.css";
import { useSuggestions } from "@/pages/runs/bar/use-suggestions";
import type { RunsOf } from "@/pages/runs/use-runs";

export function FilterField({
  of,
  value,
  error,
  field,
  onChange,
}: {
  of: RunsOf;
  value: string;
  /** What the server said of this filter. */
  error: string | null;
  field: RefObject<HTMLInputElement | null>;
  onChange: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const id = useId();
  const told = useRef(value);
  const moveTo = useRef<number | null>(null);
  // Another filter by the address, a chip or a cell.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  const place = placeAt(text, caret);
  const found = useSuggestions(of, place, open);
  const suggestions = open ? found : [];
  // biome-ignore lint/correctness/useExhaustiveDependencies: other suggestions, none of them chosen
  useEffect(() => setChosen(-1), [text, suggestions.length]);

  // At once when the text is there: whoever types on must not be overtaken.
  useLayoutEffect(() => {
    if (moveTo.current === null) return;
    field.current?.setSelectionRange(moveTo.current, moveTo.current);
    moveTo.current = null;
  });

  const say = (next: string) => {
    told.current = next.trim();
    onChange(next.trim());
  };
  const take = (one: Suggestion) => {
    const next = accept(text, caret, place, one);
    setText(next.text);
    setCaret(next.caret);
    moveTo.current = next.caret;
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      setOpen(true);
      if (suggestions.length > 0)
        setChosen(
          (chosen + step + suggestions.length + (chosen < 0 && step < 0 ? 1 : 0)) % suggestions.length,
        );
    } else if (event.key === "Tab" && suggestions.length > 0 && (chosen >= 0 || place.typed !== "")) {
      take(suggestions[Math.max(0, chosen)]!);
    } else if (event.key === "Enter") {
      if (suggestions[chosen]) take(suggestions[chosen]);
      else {
        setOpen(false);
        say(text);
      }
    } else if (event.key === "Escape" && open) setOpen(false);
    else if (event.key === "Escape") field.current?.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <search className={classes.field}>
      <TextInput
        ref={field}
        leftSection={<IconFilter size={15} aria-hidden />}
        rightSection={
          text !== "" && (
            <CloseButton
              size="xs"
              aria-label="Clear the filter"
              onClick={() => {
                setText("");
                say("");
              }}
            />
          )
        }
        placeholder="Name, or a filter such as metrics.loss < 0.5"
        value={text}
        error={error !== null}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setCaret(event.currentTarget.selectionStart ?? event.currentTarget.value.length);
          setOpen(true);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)}
        onFocus={() => setOpen(true)}
        onBlur={() => {
          setOpen(false);
          if (text.trim() !== value) say(text);
        }}
        onKeyDown={onKeyDown}
        role="combobox"
        aria-label="Filter runs"
        aria-autocomplete="list"
        aria-expanded={suggestions.length > 0}
        aria-controls={id}
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        aria-describedby={error === null ? undefined : `${id}-error`}
        autoComplete="off"
        spellCheck={false}
      />
      <div
        id={id}
        role="listbox"
        aria-label="Suggestions"
        hidden={suggestions.length === 0}
        className={classes.list}
      >
        {suggestions.map((one, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={one.text}
            id={`${id}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === chosen}
            className={classes.option}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(one)}
            ref={i === chosen ? (element) => element?.scrollIntoView({ block: "nearest" }) : undefined}
          >
            <span className="ellipsis">{one.text}</span>
            <span className={classes.hint}>{one.hint}</span>
          </div>
        ))}
      </div>
      {error !== null && (
        <div id={`${id}-error`} className={classes.error} role="alert">
          {error}
        </div>
      )}
    </search>
  );
}
