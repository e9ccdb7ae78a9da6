"""Every setting, read once from `LMA_…` environment variables into one frozen object.

Only the composition roots (app, worker, cli, migrations) import this; features are handed what they need.
"""

import enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Mode(enum.StrEnum):
    """How the server was started; set by the command, never by the environment."""

    DEV = "dev"
    PRODUCTION = "production"


class LogFormat(enum.StrEnum):
    """How log lines look."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class Settings(BaseSettings):
    """The settings of one process. Descriptions here are printed in the README's configuration table."""

    model_config = SettingsConfigDict(env_prefix="LMA_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".lma"), description="Where embedded data, the dev secret and files live.")
    database_url: str | None = Field(
        default=None,
        description="The application's login, `postgresql://…`. Absent: embedded Postgres under `LMA_HOME`.",
    )
    migration_database_url: str | None = Field(
        default=None, description="The owner's login, used by `lma-graph migrate`. Default: `LMA_DATABASE_URL`."
    )
    database_pool_size: int = Field(default=10, ge=1, description="Connections per server process.")
    statement_timeout_ms: int = Field(default=10_000, ge=1, description="Longest a single SQL statement may run.")
    request_timeout_s: float = Field(default=30, gt=0, description="Longest a whole request may take.")
    jwt_secret: SecretStr | None = Field(default=None, description="Shared secret of HS256 tokens, at least 32 bytes.")
    jwks_url: str | None = Field(default=None, description="Where the public keys of RS256/ES256 tokens are published.")
    jwt_audience: str | None = Field(default=None, description="If set, a token's `aud` must contain it.")
    jwt_issuer: str | None = Field(default=None, description="If set, a token's `iss` must equal it.")
    batched_execution: bool = Field(
        default=True, description="Whether queries run by plan; `off` runs them field by field, for comparison."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; `PORT` is understood too.")
    workers: int = Field(default=1, ge=1, description="Server processes of `lma-graph serve`.")
    job_concurrency: int = Field(default=4, ge=1, description="Jobs that one worker does at a time.")
    job_statement_timeout_ms: int = Field(
        default=60_000, ge=1, description="Longest a single SQL statement of a job may run."
    )
    job_poll_s: float = Field(
        default=5, gt=0, description="How often a worker looks for jobs of which it was not notified."
    )
    job_heartbeat_s: float = Field(default=10, gt=0, description="How often a worker says that it is alive.")
    job_stalled_s: float = Field(
        default=30, gt=0, description="A worker not heard of for this long is taken for dead; others do its jobs."
    )
    job_shutdown_s: float = Field(
        default=15, gt=0, description="How long jobs may finish when a worker stops; then others go on with them."
    )
    job_crashes: int = Field(default=3, ge=1, description="A job of which so many workers died is not tried again.")
    job_metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port on which `lma-graph worker` shows `/metrics`, if any."
    )
    public_url: str | None = Field(
        default=None, description="Where clients reach this server, put before links to files: `https://leads.example`."
    )
    files_url: str | None = Field(
        default=None,
        description="Where files are kept: `s3://bucket/prefix?endpoint=https://…&region=…`. Absent: under `LMA_HOME`.",
    )
    max_upload_bytes: int = Field(default=1_000_000_000, ge=1, le=2_000_000_000, description="Largest uploaded file.")
    file_link_s: int = Field(default=3_600, ge=1, description="How long a link to a file can be used.")
    file_days: int = Field(
        default=7, ge=1, description="How long uploaded and exported files are kept; a worker removes older ones."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated origins that browsers may call from; `*` for any."
    )
    log_level: str = Field(default="info", description="`debug`, `info`, `warning` or `error`.")
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`json`, `console`, or by whether it is a terminal."
    )
    introspection: bool = Field(default=True, description="Whether the schema can be introspected.")
    max_body_bytes: int = Field(default=1_000_000, ge=1, description="Largest request body.")
    max_tokens: int = Field(default=4_000, ge=1, description="Most lexical tokens of a document.")
    max_depth: int = Field(default=15, ge=1, description="Deepest nesting of fields.")
    max_aliases: int = Field(
        default=50, ge=0, description="Most aliases in an operation, fragments counted where used."
    )
    max_fields: int = Field(
        default=2_000, ge=1, description="Most fields in an operation, fragments counted where used."
    )
    max_directives: int = Field(default=100, ge=0, description="Most directives in an operation.")
    max_root_fields: int = Field(default=20, ge=1, description="Most root fields in an operation.")
    max_cost: int = Field(default=100_000, ge=1, description="Highest cost of an operation.")
    max_page: int = Field(default=200, ge=1, description="Most rows of one page.")

    @property
    def file_options(self) -> dict[str, Any]:
        """How files are kept, for `kernel.files.Files`."""
        return {
            "public_url": self.public_url or "",
            "most_bytes": self.max_upload_bytes,
            "link_lives_s": self.file_link_s,
        }

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
