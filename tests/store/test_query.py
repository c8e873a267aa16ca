from __future__ import annotations

import re
from pathlib import Path

import pytest

from kwel.store import Store, StoreError
from kwel.store.query import ask
from tests.store.windows import BEGIN, LENGTH, PLANT, tables_of, traffic_of, window

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
QUESTIONS = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), flags=re.S)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("it's a store")
    with Store(folder, write=True) as writer:
        for number in (1, 2):
            writer.add(window(number), tables_of(), PLANT)
    return Store(folder)


def test_the_page_has_questions() -> None:
    assert len(QUESTIONS) >= 7


@pytest.mark.parametrize("sql", QUESTIONS, ids=range(len(QUESTIONS)))
def test_the_questions_of_the_page_are_answered(sql: str, store: Store) -> None:
    answer = ask(store, sql)

    assert answer.columns
    if "unanswered" not in sql and "HAVING" not in sql:
        assert answer.rows


def test_an_answer_is_what_the_tables_say(store: Store) -> None:
    ((flows, windows),) = ask(store, "SELECT count(*), count(DISTINCT part) FROM wire.flows").rows
    operators = {row[0] for row in ask(store, "SELECT DISTINCT operator FROM dependencies").rows}

    assert (flows, windows) == (2 * len(traffic_of().flows), 2)
    assert operators == {value if isinstance(value, str) else None for value in tables_of()["dependencies"]["operator"]}


def test_rows_of_the_wire_point_to_one_another(store: Store) -> None:
    sql = (
        "SELECT count(*) FROM wire.named AS n JOIN wire.flows AS f ON f.part = n.part AND f.row_number = n.flow "
        "WHERE n.name IS NOT NULL"
    )
    ((found,),) = ask(store, sql).rows

    assert found == 2 * int((traffic_of().named["name"] > 0).sum())


def test_only_windows_of_the_span_are_asked(store: Store) -> None:
    ((count,),) = ask(store, "SELECT count(*) FROM windows", since=BEGIN + 2 * LENGTH + 1).rows

    assert count == 1


def test_a_table_that_nobody_filled_has_no_rows_but_its_columns(store: Store) -> None:
    answer = ask(store, "SELECT * FROM needs")

    assert {"part", "heard_on", "need", "target"} <= set(answer.columns)
    assert answer.rows == []


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{store}/x.csv'",
        "CREATE TABLE x AS SELECT 1",
        "DROP VIEW dependencies",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '{store}/x.db'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{store}/../../../../../../etc/passwd')",
        "SELECT * FROM read_parquet('https://192.0.2.1/x.parquet')",
        "SELECT * FROM 's3://bucket/x.parquet'",
        "SELECT * FROM nothing",
        "SELECT \x00",
        "not sql",
    ],
)
def test_a_store_answers_questions_and_does_nothing_else(sql: str, store: Store) -> None:
    before = sorted(store.root.rglob("*"))

    with pytest.raises(StoreError) as refused:
        ask(store, sql.format(store=store.root))

    assert "\n" not in str(refused.value)
    assert sorted(store.root.rglob("*")) == before


def test_a_question_leaves_no_file_behind_where_it_was_asked(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ask(store, "SELECT * FROM range(10)")

    assert list(tmp_path.iterdir()) == []
