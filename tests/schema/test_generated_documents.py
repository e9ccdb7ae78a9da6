"""The documents that are made from the code are the committed ones, and the tables hold what the model asks for."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from lma_graph.kernel.viewer import PERMISSIONS, Permission, Role, Visibility
from lma_graph.schema.documents import access_markdown, data_model_markdown
from lma_graph.schema.tables import METADATA
from world import SCHEMA

DOCS = Path(__file__).parents[2] / "docs"
SEED = {
    "Organization": "id name slug description website industry size settings subscription_tier billing_email"
    " is_active created_at updated_at",
    "User": "id email first_name last_name role is_active timezone_preference email_notifications avatar_url"
    " created_at updated_at organization_id",
    "Lead": "id email first_name last_name company job_title phone website linkedin_url status source"
    " lead_temperature score value notes tags custom_fields enrichment_data expected_close_date last_engagement_date"
    " created_at updated_at organization_id assigned_to_id",
    "Campaign": "id organization_id name description campaign_type status target_criteria start_date end_date"
    " budget_allocated budget_spent goals created_by created_at updated_at",
    "Activity": "id lead_id user_id activity_type subject content metadata scheduled_at completed_at created_at",
    "LeadNote": "id lead_id user_id note_type content is_private mentioned_users attachments created_at updated_at",
    "Workflow": "id organization_id n8n_workflow_id name description category trigger_type trigger_conditions"
    " configuration is_active created_by created_at updated_at",
    "WorkflowExecution": "id user_id lead_id workflow_type status input_data output_data error_message"
    " leads_processed leads_enriched confidence_score started_at completed_at created_at",
    "LeadScoringRule": "id organization_id name description rule_type criteria score_points is_active priority"
    " created_at updated_at",
    "LeadScoreHistory": "id lead_id previous_score new_score score_change reason rule_id created_at",
    "CampaignLead": "id campaign_id lead_id status added_at last_contact_at response_at conversion_at",
    "Integration": "id organization_id integration_type provider_name display_name configuration status last_sync_at"
    " sync_frequency_minutes error_message created_by created_at updated_at",
}
"""The columns of the twelve tables in the model's document, by the GraphQL type that shows them."""
TABLES = {
    "Activity": "activities",
    "LeadScoreHistory": "lead_score_history",
    **{
        name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_") + "s"
        for name in SEED
        if name not in {"Activity", "LeadScoreHistory"}
    },
}
RENAMED = {
    ("Lead", "notes"): "notesText",
    ("LeadNote", "mentioned_users"): "mentionedUserIds",
    ("Workflow", "n8n_workflow_id"): "n8nWorkflowId",
}
FURTHER_TABLES = {
    "lead_merges",
    *("lead_tags", "lead_fields", "lead_terms"),
    *("idempotency_results", "outbox_events", "outbox_jobs", "assignment_turns"),
}
"""What the model's document does not have: the page says of each what it is for."""
COLUMNS = [(name, column) for name, columns in SEED.items() for column in columns.split()]


def shown_as(name: str, column: str) -> str:
    first, *rest = column.split("_")
    public = RENAMED.get((name, column), first + "".join(part.capitalize() for part in rest))
    return f"{public}Id" if column == "created_by" else public


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=[f"{name}.{column}" for name, column in COLUMNS])
def test_every_column_of_the_model_exists_and_can_be_asked_for(name, column) -> None:
    assert column in METADATA.tables[TABLES[name]].columns
    assert shown_as(name, column) in SCHEMA._schema.type_map[name].fields


def test_every_other_column_says_why_it_was_added() -> None:
    assert set(METADATA.tables) == set(TABLES.values()) | FURTHER_TABLES
    seed = {(TABLES[name], column) for name, column in COLUMNS}
    for table in METADATA.tables.values():
        for column in table.columns:
            known = (
                (table.name, column.name) in seed or column.name == "organization_id" or table.name in FURTHER_TABLES
            )
            assert ("added" in column.info) != known, f"{table.name}.{column.name}"


def test_every_column_and_index_is_described() -> None:
    for table in METADATA.tables.values():
        for column in table.columns:
            assert column.doc, f"{table.name}.{column.name}"
            assert column.doc.endswith("."), f"{table.name}.{column.name}: {column.doc}"
        for index in table.indexes:
            assert index.info["serves"], index.name


@pytest.mark.parametrize(("file", "made"), [("access.md", access_markdown), ("data-model.md", data_model_markdown)])
def test_the_committed_documents_are_what_the_code_says(file, made) -> None:
    assert (DOCS / file).read_text() == made(), "run `make golden`"


def test_the_access_document_names_every_permission_and_role() -> None:
    text = access_markdown().partition("## Mutations")[0]
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert set(rows) == {permission.value for permission in Permission}
    for permission in Permission:
        cells = [cell.strip() for cell in rows[permission.value].split("|")][3:-1]
        assert cells == ["yes" if permission in PERMISSIONS[role] else "" for role in Role]
        assert permission.description.endswith(".")
    text = access_markdown()
    for choice in (*Role, *Visibility):
        assert f"- `{choice.value}`: {choice.description}\n" in text


def test_the_access_document_names_every_mutation() -> None:
    text = access_markdown().partition("## Mutations")[2].partition("\n## ")[0]
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert rows == list(SCHEMA._schema.mutation_type.fields)
    assert "| `deleteLead` | `leads.delete` | yes | yes |  |  |\n" in text


def test_the_data_model_names_every_column_index_and_key() -> None:
    text = data_model_markdown()
    sections = {part.split("`", 1)[0]: part for part in text.split("\n### `")[1:]}
    assert list(sections) == [
        table.name for table in sorted(METADATA.tables.values(), key=lambda one: text.index(f"### `{one.name}`"))
    ]
    for table in METADATA.tables.values():
        section = sections[table.name]
        for named in [*table.columns, *table.indexes]:
            assert f"`{named.name}`" in section, f"{table.name}: {named.name}"
        keys = [one for one in table.constraints if isinstance(one, sa.ForeignKeyConstraint)]
        assert section.count(" → `") == len(keys)
        assert "- row security: " in section
    assert text.count("*Added: ") == sum(
        "added" in column.info for table in METADATA.tables.values() for column in table.columns
    )
