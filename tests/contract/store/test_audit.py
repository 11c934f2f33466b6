"""The audit log: a chain that several servers write, read in pages and pieces, and checked."""

from __future__ import annotations

import uuid

import msgspec

from runyard.entities.audit import AuditEntry, AuditQuery
from tests.contract.store.stores import AWKWARD, Stores, all_pages


def entry(principal: str, at_ms: int = 1, **more: str) -> AuditEntry:
    fields = {"workspace": "w", "action": "runs/delete", "outcome": "done", **more}
    return AuditEntry(
        at_ms,
        principal,
        "local",
        fields["workspace"],
        fields["action"],
        {"name": "ü\n'"},
        fields["outcome"],
        200,
        "::1",
    )


def name() -> str:
    return f"p-{uuid.uuid4().hex[:12]}"


def last_id(stores: Stores) -> tuple[int, str]:
    page = stores.do(stores.audit.search(AuditQuery(), max_results=1, page_token=None))
    return (page.items[0].id, page.items[0].hash) if page.items else (0, "")


def test_lines_come_back_as_they_were_newest_first(stores: Stores) -> None:
    who = name()
    for number in range(5):
        stores.do(stores.audit.append(entry(who, number)))
    found = all_pages(
        lambda token: stores.do(
            stores.audit.search(AuditQuery(principal=who), max_results=2, page_token=token)
        )
    )
    assert [one.at_ms for one in found] == [4, 3, 2, 1, 0]
    assert found[0].target == {"name": "ü\n'"}
    assert found[0].previous == found[1].hash


def test_filters_add_up(stores: Stores) -> None:
    who = name()
    for at_ms, action, outcome in ((1, "a/b", "done"), (2, "a/b", "NO"), (3, "c/d", "done")):
        stores.do(stores.audit.append(entry(who, at_ms, action=action, outcome=outcome)))

    def times(**query: str | int) -> list[int]:
        wanted = AuditQuery(principal=who, **query)  # type: ignore[arg-type]
        return [one.at_ms for one in stores.do(stores.audit.after(wanted, 0, 10))]

    assert times() == [1, 2, 3]
    assert times(action="a/b") == [1, 2]
    assert times(action="a/b", outcome="done") == [1]
    assert times(since_ms=2, until_ms=3) == [2]
    assert times(workspace="elsewhere") == []
    assert times(action="a/") == [1, 2]
    assert times(action="a") == []


def test_lines_are_found_by_the_name_of_their_record(stores: Stores) -> None:
    who = name()
    targets = (
        {"name": 'a "b" ü%_'},
        {"name": "before", "new_name": 'a "b" ü%_'},
        {"name": "other", "value": '"name": "before"'},
        {"name": "before and more"},
    )
    for at_ms, target in enumerate(targets):
        stores.do(stores.audit.append(msgspec.structs.replace(entry(who, at_ms), target=target)))

    def times(of: str) -> list[int]:
        found = stores.do(stores.audit.after(AuditQuery(principal=who, name=of), 0, 10))
        return [one.at_ms for one in found]

    assert times('a "b" ü%_') == [0, 1]
    assert times("before") == [1]
    assert times("BEFORE") == []


def test_the_chain_holds_with_awkward_text(stores: Stores) -> None:
    start = last_id(stores)
    for text in AWKWARD:
        stores.do(stores.audit.append(entry(text, workspace=text)))
    piece = stores.do(stores.audit.check(*start, 1_000))
    assert (piece.count, piece.broken_id) == (len(AWKWARD), None)
    assert (piece.last_id, piece.last_hash) == last_id(stores)


def test_servers_that_write_at_once_make_one_chain(stores: Stores, others: Stores) -> None:
    start = last_id(stores)
    done = stores.at_once(
        *(one.audit.append(entry(f"{number}")) for number in range(20) for one in (stores, others))
    )
    assert done == [None] * 40
    piece = stores.do(stores.audit.check(*start, 1_000))
    assert (piece.count, piece.broken_id) == (40, None)


def test_a_changed_and_a_missing_line_are_noticed(stores: Stores) -> None:
    start = last_id(stores)
    for _ in range(4):
        stores.do(stores.audit.append(entry("x")))
    second = stores.do(stores.audit.after(AuditQuery(), start[0], 10))[1]
    database = stores.database
    stores.do(
        database.write(lambda tx: tx.execute("UPDATE audit_log SET status = 201 WHERE id = ?", (second.id,)))
    )
    piece = stores.do(stores.audit.check(*start, 1_000))
    assert (piece.count, piece.broken_id) == (1, second.id)
    stores.do(database.write(lambda tx: tx.execute("DELETE FROM audit_log WHERE id = ?", (second.id,))))
    piece = stores.do(stores.audit.check(*start, 1_000))
    assert piece.count == 1
    assert piece.broken_id is not None and piece.broken_id > second.id
    stores.do(database.write(lambda tx: tx.execute("DELETE FROM audit_log WHERE id > ?", (start[0],))))
