"""The table rules, asked of Postgres' own catalog, so that no table or index escapes them."""

import re

import sqlalchemy as sa
from inhabitants import tenant_tables

from lma_graph.schema.tables import METADATA

NOT_OF_TENANTS = {"organizations", "alembic_version"}
GLOBALLY_UNIQUE = {("organizations", ("id",)), ("organizations", ("slug",)), ("users", ("email",))}
TENANT_TABLES = {table.name for table in tenant_tables()}
SEARCH_TABLES = {"lead_tags", "lead_fields", "lead_terms"}
ROLE = "lma_app"

COLUMNS = """
SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       a.attgenerated AS generated
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
INDEXES = """
SELECT c.relname AS "table", x.relname AS name, am.amname AS method, pg_get_expr(i.indpred, i.indrelid) AS predicate,
       i.indisunique AS is_unique, i.indisvalid AS is_valid, i.indisprimary AS is_primary,
       ARRAY(SELECT pg_get_indexdef(x.oid, k, true) || CASE WHEN i.indoption[k - 1] & 1 = 1 THEN ' DESC' ELSE '' END
             FROM generate_series(1, i.indnkeyatts) k) AS keys
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
     JOIN pg_am am ON am.oid = x.relam
WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
"""
FOREIGN_KEYS = """
SELECT k.conname AS name, c.relname AS "table", p.relname AS parent,
       k.confdeltype AS on_delete, k.convalidated AS is_valid,
       ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY n(num, at)
             JOIN pg_attribute ON attrelid = k.conrelid AND attnum = num ORDER BY at) AS columns,
       ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY n(num, at)
             JOIN pg_attribute ON attrelid = k.confrelid AND attnum = num ORDER BY at) AS parents
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace
"""


async def test_every_table_of_the_database_belongs_to_a_feature_and_the_other_way_round(owner) -> None:
    found = {row["table"] for row in await owner.fetch(COLUMNS)}
    assert found == set(METADATA.tables) | {"alembic_version"}
    assert found - TENANT_TABLES == NOT_OF_TENANTS


async def test_row_security_is_on_and_not_forced(owner) -> None:
    rows = await owner.fetch(
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'"
    )
    assert {row["relname"] for row in rows} == TENANT_TABLES | {"organizations"}
    assert [row["relname"] for row in rows if not row["relrowsecurity"] or row["relforcerowsecurity"]] == []


async def test_each_table_has_the_tenant_policy_and_no_other(owner) -> None:
    rows = await owner.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    policies = {
        row["tablename"]: (
            row["policyname"],
            row["permissive"],
            row["roles"],
            row["cmd"],
            row["qual"],
            row["with_check"],
        )
        for row in rows
    }
    assert len(rows) == len(policies)
    setting = "(current_setting('app.organization_id'::text))::bigint"
    assert policies == {
        table: ("tenant", "PERMISSIVE", [ROLE], "ALL", f"({key} = {setting})", None)
        for table, key in [*((table, "organization_id") for table in TENANT_TABLES), ("organizations", "id")]
    }


async def test_keys_and_uniques_are_led_by_the_organization(owner) -> None:
    rows = [row for row in await owner.fetch(INDEXES) if row["is_unique"]]
    stray = {(row["table"], tuple(row["keys"])) for row in rows if row["keys"][0] != "organization_id"}
    assert stray == GLOBALLY_UNIQUE
    primary = {row["table"]: row["keys"] for row in rows if row["is_primary"]}
    assert set(primary) == TENANT_TABLES | {"organizations"}
    ids = {row["table"] for row in await owner.fetch(COLUMNS) if row["name"] == "id"}
    assert {table: primary[table] for table in ids} == {
        table: ["id"] if table == "organizations" else ["organization_id", "id"] for table in ids
    }
    assert all(len(primary[table]) > 1 for table in TENANT_TABLES)


async def test_every_index_is_valid_and_led_by_the_organization(owner) -> None:
    rows = await owner.fetch(INDEXES)
    assert [row["name"] for row in rows if not row["is_valid"]] == []
    stray = {(row["table"], tuple(row["keys"])) for row in rows if row["keys"][0] != "organization_id"}
    assert stray == GLOBALLY_UNIQUE


async def test_foreign_keys_between_tenants_are_composite(owner) -> None:
    rows = await owner.fetch(FOREIGN_KEYS)
    assert len(rows) >= 25
    for row in rows:
        assert row["is_valid"], row["name"]
        if row["parent"] == "organizations":
            assert (row["columns"], row["parents"]) == (["organization_id"], ["id"]), row["name"]
        else:
            assert row["columns"][0] == "organization_id", row["name"]
            # The search tables' keys hold `created_at` as well, for the planner's sake.
            also = ["created_at"] if row["table"] in SEARCH_TABLES else []
            assert len(row["columns"]) == 2 + len(also), row["name"]
            assert row["parents"] == ["organization_id", "id", *also], row["name"]


async def test_foreign_keys_cascade_or_restrict(owner) -> None:
    """Never SET NULL: it would also clear the organization."""
    rows = await owner.fetch(FOREIGN_KEYS)
    assert {row["on_delete"] for row in rows} <= {b"a", b"r", b"c"}
    assert {row["parent"] for row in rows if row["on_delete"] == b"c"} == {"leads", "campaigns"}


async def test_every_foreign_key_has_an_index_that_starts_with_it(owner) -> None:
    indexes = await owner.fetch(INDEXES)
    missing = []
    for key in await owner.fetch(FOREIGN_KEYS):
        deciding = key["columns"][:2]  # organization and id; what follows belongs to that row
        column = deciding[-1]
        fits = (
            index
            for index in indexes
            if index["table"] == key["table"]
            and index["method"] == "btree"
            and [name.removesuffix(" DESC") for name in index["keys"]][: len(deciding)] == deciding
            and index["predicate"] in {None, f"({column} IS NOT NULL)"}
        )
        if not any(fits):
            missing.append((key["table"], key["columns"]))
    assert missing == []


async def test_the_values_of_choices_are_checked_by_name(owner) -> None:
    """TEXT with a named CHECK, and the same members as in the code; never a native enum."""
    native = "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace"
    assert await owner.fetch(native) == []
    types = {(row["table"], row["name"]): row["type"] for row in await owner.fetch(COLUMNS)}
    checks = dict(
        await owner.fetch(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        )
    )
    chosen = [column for table in METADATA.tables.values() for column in table.columns if "choices" in column.info]
    assert len(chosen) >= 14
    for column in chosen:
        table = column.table.name
        assert types[table, column.name] == "text"
        check = checks.pop(f"ck_{table}_{column.name}")
        assert re.findall(r"'(\w+)'::text", check) == [member.value for member in column.info["choices"]]
    declared = {
        str(constraint.name)
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert set(checks) == declared - {f"ck_{column.table.name}_{column.name}" for column in chosen}


async def test_generated_columns_are_stored(owner) -> None:
    generated = {
        (row["table"], row["name"]): row["generated"] for row in await owner.fetch(COLUMNS) if row["generated"] != b"\0"
    }
    assert generated == {("leads", "email_norm"): b"s", ("lead_notes", "search_vector"): b"s"}


async def test_columns_have_types_that_row_security_lets_indexes_compare(owner) -> None:
    """Money and counts are whole numbers; no numeric, no varchar, no json, no time without zone."""
    rows = [row for row in await owner.fetch(COLUMNS) if row["table"] != "alembic_version"]
    allowed = {"bigint", "integer", "smallint", "text", "boolean", "jsonb", "date", "timestamp with time zone"}
    others = {(row["table"], row["name"]): row["type"] for row in rows if row["type"] not in allowed}
    assert others == {
        ("lead_fields", "number_value"): "double precision",
        ("workflow_executions", "confidence_score"): "double precision",
        ("lead_notes", "search_vector"): "tsvector",
        ("idempotency_results", "digest"): "bytea",  # never searched for
        ("outbox_events", "xid"): "xid8",
    }
    counted = re.compile(
        r"score$|score_change|^value$|budget|points|leads_|^version$|^attempt$|minutes|priority|progress_(done|total|steps)"
    )
    numbers = {row["type"] for row in rows if counted.search(row["name"]) and (row["table"], row["name"]) not in others}
    assert numbers == {"integer"}
    assert {row["type"] for row in rows if row["name"] == "id" or row["name"].endswith("_id")} == {"bigint", "text"}


async def test_operators_of_indexes_are_leakproof(owner) -> None:
    """Under row security the planner uses no others. Words of notes have their own door, `search_notes`."""
    rows = await owner.fetch(
        "SELECT DISTINCT p.proname, p.proleakproof FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid"
        " JOIN pg_am am ON am.oid = x.relam AND am.amname = 'btree'"
        " CROSS JOIN LATERAL unnest(i.indclass::oid[]) class JOIN pg_opclass oc ON oc.oid = class"
        " JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily"
        "  AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype"
        " JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_proc p ON p.oid = o.oprcode"
        " WHERE x.relnamespace = 'public'::regnamespace"
    )
    assert len(rows) >= 25
    assert [row["proname"] for row in rows if not row["proleakproof"]] == []
    others = {row["name"] for row in await owner.fetch(INDEXES) if row["method"] != "btree"}
    assert others == {"ix_lead_notes_search"}


async def test_there_are_no_triggers_rules_or_exclusion_constraints(owner) -> None:
    ours = "SELECT FROM pg_class c WHERE c.oid = tgrelid AND c.relnamespace = 'public'::regnamespace"
    assert await owner.fetch(f"SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND EXISTS ({ours})") == []
    assert await owner.fetch("SELECT rulename FROM pg_rules WHERE schemaname = 'public'") == []
    assert await owner.fetch("SELECT conname FROM pg_constraint WHERE contype IN ('x', 't')") == []


async def test_the_application_role_owns_nothing_and_is_nothing_special(owner) -> None:
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", ROLE)
    special = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication", "rolcanlogin")
    assert [name for name in special if role[name]] == []
    assert await owner.fetchval("SELECT count(*) FROM pg_class WHERE relowner = $1", role["oid"]) == 0
    assert await owner.fetchval("SELECT count(*) FROM pg_proc WHERE proowner = $1", role["oid"]) == 0
    assert await owner.fetchval("SELECT count(*) FROM pg_auth_members WHERE member = $1", role["oid"]) == 0


async def test_what_the_application_role_may_do_is_listed(owner) -> None:
    rows = await owner.fetch(
        'SELECT table_name AS "table", privilege_type AS may FROM information_schema.table_privileges'
        " WHERE grantee IN ($1, 'PUBLIC') AND table_schema = 'public'",
        ROLE,
    )
    granted: dict[str, set[str]] = {}
    for row in rows:
        granted.setdefault(row["table"], set()).add(row["may"])
    everything = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    special = {"organizations": {"SELECT", "UPDATE"}, "alembic_version": {"SELECT"}}
    assert granted == dict.fromkeys(TENANT_TABLES, everything) | special
    assert not await owner.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", ROLE)


async def test_functions_that_pass_row_security_by_are_listed(owner) -> None:
    rows = await owner.fetch(
        "SELECT p.proname, p.proconfig, p.proacl::text AS acl, p.prosecdef FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prolang <> 13"
        " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    assert {row["proname"]: row["prosecdef"] for row in rows} == {
        "viewer_state": True,
        "viewer_by_user": True,
        "search_notes": True,
        "assert_viewer": False,
        "organizations_with_jobs": True,
        "purge_events": True,
        "organizations_with_rules": True,
        "organizations_following": True,
    }
    for row in rows:
        assert row["proconfig"] == ["search_path=public, pg_temp"], row["proname"]
        # No entry without a role's name: nothing is granted to everyone.
        assert re.search(r"[{,]=", row["acl"]) is None, row["proname"]
