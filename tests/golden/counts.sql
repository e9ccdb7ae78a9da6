-- 30 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND t.company IS NOT NULL
ORDER BY t.created_at DESC, t.id DESC
LIMIT $2::INTEGER
-- $1 = <organization_id>
-- $2 = 3

SELECT t.organization_id, t.id, t.lead_id, t.user_id, t.activity_type, t.subject, t.content, t.metadata,
    t.scheduled_at, t.completed_at, t.direction, t.status, t.campaign_id, t.created_at, t.updated_at
FROM activities AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
ORDER BY t.created_at DESC, t.id DESC
LIMIT $3::INTEGER
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 21

SELECT t.organization_id, t.id, t.campaign_id, t.lead_id, t.status, t.chosen_by, t.added_at, t.last_contact_at,
    t.response_at, t.conversion_at
FROM campaign_leads AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
AND (EXISTS (SELECT 1
FROM leads AS leads_2
WHERE leads_2.organization_id = $1::BIGINT
AND leads_2.deleted_at IS NULL
AND leads_2.id = t.lead_id
AND leads_2.score >= $3::INTEGER))
ORDER BY t.added_at DESC, t.id DESC
LIMIT $4::INTEGER
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 80
-- $4 = 21

SELECT t.organization_id, t.id, t.lead_id, t.previous_score, t.new_score, t.score_change, t.reason, t.rule_id, t.kind,
    t.cap, t.created_at
FROM lead_score_history AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
ORDER BY t.created_at DESC, t.id DESC
LIMIT $3::INTEGER
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 21

SELECT count(*) AS count
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND t.company IS NOT NULL
-- $1 = <organization_id>

SELECT count(*) AS count
FROM activities AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
-- $1 = <organization_id>
-- $2 = 1

SELECT count(*) AS count
FROM campaign_leads AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
AND (EXISTS (SELECT 1
FROM leads AS leads_2
WHERE leads_2.organization_id = $1::BIGINT
AND leads_2.deleted_at IS NULL
AND leads_2.id = t.lead_id
AND leads_2.score >= $3::INTEGER))
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 80

SELECT count(*) AS count
FROM lead_score_history AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
-- $1 = <organization_id>
-- $2 = 1

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
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 11

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
AND c.activity_type = $3::VARCHAR
AND c.lead_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $4::INTEGER) AS top ON true
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 'CALL'
-- $4 = 11

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
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 1

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
-- $1 = <2 keys>
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
-- $1 = <2 keys>
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
-- $1 = <2 keys>
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
-- $2 = <2 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.activity_type = $2::VARCHAR
AND c.lead_id = ANY ($3::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = 'CALL'
-- $3 = <2 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM lead_notes AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM lead_score_history AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM campaign_leads AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT c.lead_id AS parent_id, count(*) AS count
FROM workflow_executions AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT t.organization_id, t.id, t.name, t.description, t.campaign_type, t.status, t.target_criteria,
    t.follow_criteria, t.start_date, t.end_date, t.budget_allocated, t.budget_spent, t.goals, t.created_by,
    t.created_at, t.updated_at
FROM campaigns AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT k.id AS parent_id, top.organization_id, top.id, top.email, top.first_name, top.last_name, top.company,
    top.job_title, top.phone, top.website, top.linkedin_url, top.status, top.source, top.lead_temperature, top.score,
    top.value, top.notes, top.tags, top.custom_fields, top.enrichment_data, top.expected_close_date,
    top.last_engagement_date, top.created_at, top.updated_at, top.assigned_to_id, top.status_reason, top.version,
    top.external_source, top.external_id, top.deleted_at, top.merged_into_id, top.email_norm
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.email AS email, c.first_name AS first_name,
    c.last_name AS last_name, c.company AS company, c.job_title AS job_title, c.phone AS phone, c.website AS website,
    c.linkedin_url AS linkedin_url, c.status AS status, c.source AS source, c.lead_temperature AS lead_temperature,
    c.score AS score, c.value AS value, c.notes AS notes, c.tags AS tags, c.custom_fields AS custom_fields,
    c.enrichment_data AS enrichment_data, c.expected_close_date AS expected_close_date, c.last_engagement_date AS
    last_engagement_date, c.created_at AS created_at, c.updated_at AS updated_at, c.assigned_to_id AS assigned_to_id,
    c.status_reason AS status_reason, c.version AS version, c.external_source AS external_source, c.external_id AS
    external_id, c.deleted_at AS deleted_at, c.merged_into_id AS merged_into_id, c.email_norm AS email_norm
FROM leads AS c
JOIN campaign_leads AS link ON link.lead_id = c.id
AND link.organization_id = $2::BIGINT
WHERE c.organization_id = $2::BIGINT
AND c.deleted_at IS NULL
AND link.campaign_id = k.id
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
AND (EXISTS (SELECT $3::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $2::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = c.lead_id))
AND c.campaign_id = k.id
ORDER BY c.added_at DESC, c.id DESC
LIMIT $4::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 1
-- $4 = 11

SELECT link.campaign_id AS parent_id, count(*) AS count
FROM leads AS c
JOIN campaign_leads AS link ON link.lead_id = c.id
AND link.organization_id = $1::BIGINT
WHERE c.organization_id = $1::BIGINT
AND c.deleted_at IS NULL
AND link.campaign_id = ANY ($2::BIGINT[])
GROUP BY link.campaign_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT c.campaign_id AS parent_id, count(*) AS count
FROM campaign_leads AS c
WHERE c.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = c.lead_id))
AND c.campaign_id = ANY ($3::BIGINT[])
GROUP BY c.campaign_id
-- $1 = <organization_id>
-- $2 = 1
-- $3 = <1 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT k.id AS parent_id, top.organization_id, top.id, top.email, top.first_name, top.last_name, top.company,
    top.job_title, top.phone, top.website, top.linkedin_url, top.status, top.source, top.lead_temperature, top.score,
    top.value, top.notes, top.tags, top.custom_fields, top.enrichment_data, top.expected_close_date,
    top.last_engagement_date, top.created_at, top.updated_at, top.assigned_to_id, top.status_reason, top.version,
    top.external_source, top.external_id, top.deleted_at, top.merged_into_id, top.email_norm
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT c.organization_id AS organization_id, c.id AS id, c.email AS email, c.first_name AS first_name,
    c.last_name AS last_name, c.company AS company, c.job_title AS job_title, c.phone AS phone, c.website AS website,
    c.linkedin_url AS linkedin_url, c.status AS status, c.source AS source, c.lead_temperature AS lead_temperature,
    c.score AS score, c.value AS value, c.notes AS notes, c.tags AS tags, c.custom_fields AS custom_fields,
    c.enrichment_data AS enrichment_data, c.expected_close_date AS expected_close_date, c.last_engagement_date AS
    last_engagement_date, c.created_at AS created_at, c.updated_at AS updated_at, c.assigned_to_id AS assigned_to_id,
    c.status_reason AS status_reason, c.version AS version, c.external_source AS external_source, c.external_id AS
    external_id, c.deleted_at AS deleted_at, c.merged_into_id AS merged_into_id, c.email_norm AS email_norm
FROM leads AS c
WHERE c.organization_id = $2::BIGINT
AND c.deleted_at IS NULL
AND c.assigned_to_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 11

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
AND (EXISTS (SELECT $3::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $2::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = c.lead_id))
AND c.user_id = k.id
ORDER BY c.created_at DESC, c.id DESC
LIMIT $4::INTEGER) AS top ON true
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 1
-- $4 = 11

SELECT c.assigned_to_id AS parent_id, count(*) AS count
FROM leads AS c
WHERE c.organization_id = $1::BIGINT
AND c.deleted_at IS NULL
AND c.assigned_to_id = ANY ($2::BIGINT[])
GROUP BY c.assigned_to_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT c.user_id AS parent_id, count(*) AS count
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = c.lead_id))
AND c.user_id = ANY ($3::BIGINT[])
GROUP BY c.user_id
-- $1 = <organization_id>
-- $2 = 1
-- $3 = <2 keys>
