-- 8 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND t.id = ANY ($2::BIGINT[])
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

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.lead_id, t.user_id, t.note_type, t.content, t.is_private, t.mentioned_users,
    t.attachments, t.created_at, t.updated_at
FROM lead_notes AS t
WHERE t.organization_id = $1::BIGINT
AND (EXISTS (SELECT $2::INTEGER AS anon_1
FROM leads AS leads_1
WHERE leads_1.organization_id = $1::BIGINT
AND leads_1.deleted_at IS NULL
AND leads_1.id = t.lead_id))
AND t.id = ANY ($3::BIGINT[])
-- $1 = <organization_id>
-- $2 = 1
-- $3 = <1 keys>

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

SELECT c.lead_id AS parent_id, count(*) AS count
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND c.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK', 'FORM_SUBMISSION',
    'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>
