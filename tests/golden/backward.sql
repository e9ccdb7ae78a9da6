-- 3 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND (t.created_at, t.id) > ($2::TIMESTAMP WITH TIME ZONE, $3::BIGINT)
ORDER BY t.created_at ASC, t.id ASC
LIMIT $4::INTEGER
-- $1 = <organization_id>
-- $2 = '2025-03-04T09:00:00+00:00'
-- $3 = <number of a row>
-- $4 = 2

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
ORDER BY t.company DESC NULLS FIRST, t.id DESC
LIMIT $2::INTEGER
-- $1 = <organization_id>
-- $2 = 3

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
ORDER BY c.created_at ASC, c.id ASC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <2 keys>
-- $2 = <organization_id>
-- $3 = 2
