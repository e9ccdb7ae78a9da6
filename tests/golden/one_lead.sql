-- 17 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND t.id = ANY (array((SELECT coalesce(asked.merged_into_id, asked.id) AS coalesce_1
FROM leads AS asked
WHERE asked.organization_id = $1::BIGINT
AND asked.id = ANY ($2::BIGINT[]))))
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT c.lead_id AS parent_id, min(c.completed_at) AS value
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.direction = 'OUTBOUND'
AND c.status = 'COMPLETED'
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT c.lead_id AS parent_id, max(c.completed_at) AS value
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.direction = 'OUTBOUND'
AND c.status = 'COMPLETED'
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT k.id AS parent_id, top.organization_id, top.id, top.lead_id, top.user_id, top.activity_type, top.subject,
    top.content, top.metadata, top.scheduled_at, top.completed_at, top.direction, top.status, top.campaign_id,
    top.created_at, top.updated_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.lead_id AS lead_id, c.user_id AS user_id,
    c.activity_type AS activity_type, c.subject AS subject, c.content AS content, c.metadata AS metadata,
    c.scheduled_at AS scheduled_at, c.completed_at AS completed_at, c.direction AS direction, c.status AS status,
    c.campaign_id AS campaign_id, c.created_at AS created_at, c.updated_at AS updated_at
FROM activities AS c
WHERE c.organization_id = $2::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.status = 'SCHEDULED'
AND c.lead_id = k.id
ORDER BY c.scheduled_at ASC, c.id ASC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 1

SELECT k.id AS parent_id, top.organization_id, top.id, top.lead_id, top.user_id, top.activity_type, top.subject,
    top.content, top.metadata, top.scheduled_at, top.completed_at, top.direction, top.status, top.campaign_id,
    top.created_at, top.updated_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.lead_id AS lead_id, c.user_id AS user_id,
    c.activity_type AS activity_type, c.subject AS subject, c.content AS content, c.metadata AS metadata,
    c.scheduled_at AS scheduled_at, c.completed_at AS completed_at, c.direction AS direction, c.status AS status,
    c.campaign_id AS campaign_id, c.created_at AS created_at, c.updated_at AS updated_at
FROM activities AS c
WHERE c.organization_id = $2::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.lead_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 11

SELECT k.id AS parent_id, top.organization_id, top.id, top.lead_id, top.user_id, top.note_type, top.content,
    top.is_private, top.mentioned_users, top.attachments, top.created_at, top.updated_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.lead_id AS lead_id, c.user_id AS user_id,
    c.note_type AS note_type, c.content AS content, c.is_private AS is_private, c.mentioned_users AS mentioned_users,
    c.attachments AS attachments, c.created_at AS created_at, c.updated_at AS updated_at
FROM lead_notes AS c
WHERE c.organization_id = $2::BIGINT
AND c.lead_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 11

SELECT k.id AS parent_id, top.organization_id, top.id, top.lead_id, top.previous_score, top.new_score,
    top.score_change, top.reason, top.rule_id, top.kind, top.cap, top.created_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.lead_id AS lead_id, c.previous_score AS
    previous_score, c.new_score AS new_score, c.score_change AS score_change, c.reason AS reason, c.rule_id AS
    rule_id, c.kind AS kind, c.cap AS cap, c.created_at AS created_at
FROM lead_score_history AS c
WHERE c.organization_id = $2::BIGINT
AND c.lead_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 11

SELECT k.id AS parent_id, top.organization_id, top.id, top.campaign_id, top.lead_id, top.status, top.chosen_by,
    top.added_at, top.last_contact_at, top.response_at, top.conversion_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.campaign_id AS campaign_id, c.lead_id AS
    lead_id, c.status AS status, c.chosen_by AS chosen_by, c.added_at AS added_at, c.last_contact_at AS
    last_contact_at, c.response_at AS response_at, c.conversion_at AS conversion_at
FROM campaign_leads AS c
WHERE c.organization_id = $2::BIGINT
AND c.lead_id = k.id
ORDER BY c.added_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 11

SELECT k.id AS parent_id, top.organization_id, top.id, top.user_id, top.lead_id, top.workflow_id, top.workflow_type,
    top.status, top.input_data, top.output_data, top.error_message, top.leads_processed, top.leads_enriched,
    top.confidence_score, top.external_execution_id, top.attempt, top.next_retry_at, top.progress_done,
    top.progress_total, top.progress_steps, top.progress_position, top.started_at, top.completed_at, top.created_at
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.user_id AS user_id, c.lead_id AS lead_id,
    c.workflow_id AS workflow_id, c.workflow_type AS workflow_type, c.status AS status, c.input_data AS input_data,
    c.output_data AS output_data, c.error_message AS error_message, c.leads_processed AS leads_processed,
    c.leads_enriched AS leads_enriched, c.confidence_score AS confidence_score, c.external_execution_id AS
    external_execution_id, c.attempt AS attempt, c.next_retry_at AS next_retry_at, c.progress_done AS progress_done,
    c.progress_total AS progress_total, c.progress_steps AS progress_steps, c.progress_position AS progress_position,
    c.started_at AS started_at, c.completed_at AS completed_at, c.created_at AS created_at
FROM workflow_executions AS c
WHERE c.organization_id = $2::BIGINT
AND c.lead_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 11

SELECT c.lead_id AS parent_id, count(*) AS count
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM lead_notes AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.name, t.description, t.campaign_type, t.status, t.target_criteria,
    t.follow_criteria, t.start_date, t.end_date, t.budget_allocated, t.budget_spent, t.goals, t.created_by,
    t.created_at, t.updated_at
FROM campaigns AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.name, t.description, t.rule_type, t.criteria, t.score_points, t.is_active,
    t.priority, t.frequency, t.frequency_limit, t.frequency_period, t.half_life_days, t.created_at, t.updated_at,
    t.deleted_at
FROM lead_scoring_rules AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.n8n_workflow_id, t.name, t.description, t.category, t.trigger_type,
    t.trigger_conditions, t.configuration, t.is_active, t.created_by, t.created_at, t.updated_at
FROM workflows AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.id, t.name, t.slug, t.description, t.website, t.industry, t.size, t.settings, t.subscription_tier,
    t.billing_email, t.is_active, t.created_at, t.updated_at
FROM organizations AS t
WHERE t.id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <3 keys>
