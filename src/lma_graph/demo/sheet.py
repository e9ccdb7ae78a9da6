"""Rows on their way into the database: per table the columns written, and the rows gathered so far."""

from typing import Any

COLUMNS: dict[str, tuple[str, ...]] = {
    "organizations": ("id", "name", "slug", "description", "website", "industry", "size", "settings",
                      "subscription_tier", "billing_email", "created_at", "updated_at"),
    "users": ("organization_id", "id", "email", "first_name", "last_name", "role", "is_active",
              "timezone_preference", "created_at", "updated_at"),
    "lead_scoring_rules": ("organization_id", "id", "name", "description", "rule_type", "criteria", "score_points",
                           "is_active", "priority", "created_at", "updated_at"),
    "campaigns": ("organization_id", "id", "name", "description", "campaign_type", "status", "target_criteria",
                  "start_date", "end_date", "budget_allocated", "budget_spent", "goals", "created_by", "created_at",
                  "updated_at"),
    "workflows": ("organization_id", "id", "n8n_workflow_id", "name", "description", "category", "trigger_type",
                  "trigger_conditions", "configuration", "is_active", "created_by", "created_at", "updated_at"),
    "integrations": ("organization_id", "id", "integration_type", "provider_name", "display_name", "configuration",
                     "status", "last_sync_at", "sync_frequency_minutes", "error_message", "created_by", "created_at",
                     "updated_at"),
    "leads": ("organization_id", "id", "email", "first_name", "last_name", "company", "job_title", "phone", "website",
              "linkedin_url", "status", "source", "lead_temperature", "score", "value", "notes", "tags",
              "custom_fields", "enrichment_data", "expected_close_date", "last_engagement_date", "created_at",
              "updated_at", "assigned_to_id", "status_reason", "version", "external_source", "external_id"),
    "lead_tags": ("organization_id", "tag", "created_at", "lead_id"),
    "lead_fields": ("organization_id", "lead_id", "name", "created_at", "text_value", "number_value"),
    "lead_terms": ("organization_id", "term", "created_at", "lead_id", "weight"),
    "campaign_leads": ("organization_id", "id", "campaign_id", "lead_id", "status", "added_at", "last_contact_at",
                       "response_at", "conversion_at"),
    "activities": ("organization_id", "id", "lead_id", "user_id", "activity_type", "subject", "content", "metadata",
                   "scheduled_at", "completed_at", "direction", "status", "campaign_id", "created_at", "updated_at"),
    "lead_notes": ("organization_id", "id", "lead_id", "user_id", "note_type", "content", "is_private",
                   "mentioned_users", "attachments", "created_at", "updated_at"),
    "lead_score_history": ("organization_id", "id", "lead_id", "previous_score", "new_score", "score_change",
                           "reason", "rule_id", "kind", "created_at"),
    "workflow_executions": ("organization_id", "id", "user_id", "lead_id", "workflow_id", "workflow_type", "status",
                            "input_data", "output_data", "error_message", "leads_processed", "leads_enriched",
                            "confidence_score", "external_execution_id", "attempt", "started_at", "completed_at",
                            "created_at"),
}  # fmt: skip
"""The columns written of each table; the tables stand in an order that satisfies their foreign keys."""


class Sheet:
    """Rows gathered by table, and the next id of each table whose rows are numbered here."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        self._next: dict[str, int] = {}

    def number_from(self, **first: int) -> None:
        """Begin new ranges of ids."""
        self._next.update(first)

    def number(self, table: str) -> int:
        """The next id of the table."""
        issued = self._next[table]
        self._next[table] = issued + 1
        return issued

    def add(self, table: str, *row: Any) -> None:
        """Add a row, its values in the order of `COLUMNS`; JSON as text."""
        self.rows[table].append(row)
