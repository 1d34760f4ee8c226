from __future__ import annotations

from tests.cli.conftest import Desk
from tests.store.drafts import NOW, draft

A, B = (f'[[sources]]\nname = "{name}"\nurl = "https://example.org/{name}"\n' for name in "ab")


def test_a_plan_tells_what_comes_and_goes_and_changes_nothing(desk: Desk) -> None:
    desk.write(A)
    desk.bring("a", draft("x"), now=NOW)
    assert desk.done("plan").startswith("Nothing would change in sources, rules and feeds")
    desk.write(B)
    text = "+ 'b': https://example.org/b\n- 'a': no longer polled; its entries stay\n"
    assert desk.done("plan") == desk.done("plan") == text
    assert [record["change"] for record in desk.json("plan")] == ["added", "removed"]


def test_without_a_database_everything_is_new(desk: Desk) -> None:
    desk.write(A)
    result = desk.type("plan")
    assert (result.exit_code, result.stdout) == (0, "+ 'a': https://example.org/a\n")
    assert not desk.database.exists()
