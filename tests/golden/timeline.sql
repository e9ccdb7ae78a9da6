-- 7 statements beside BEGIN and COMMIT

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

SELECT k.id AS parent_id, top.kind, top.occurred_at, top.id
FROM unnest($1::BIGINT[]) AS k(id)
JOIN LATERAL (SELECT merged.kind AS kind, merged.occurred_at AS occurred_at, merged.id AS id
FROM (SELECT anon_1.kind AS kind, anon_1.occurred_at AS occurred_at, anon_1.id AS id
FROM (SELECT 0 AS kind, c0.created_at AS occurred_at, c0.id AS id
FROM activities AS c0
WHERE c0.organization_id = $2::BIGINT
AND (c0.activity_type NOT IN ('SCORE_CHANGE', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'WORKFLOW_RUN'))
AND c0.lead_id = k.id
ORDER BY c0.created_at DESC, c0.id DESC
LIMIT $3::INTEGER) AS anon_1
UNION ALL SELECT anon_2.kind AS kind, anon_2.occurred_at AS occurred_at, anon_2.id AS id
FROM (SELECT 1 AS kind, c1.created_at AS occurred_at, c1.id AS id
FROM lead_notes AS c1
WHERE c1.organization_id = $2::BIGINT
AND c1.lead_id = k.id
ORDER BY c1.created_at DESC, c1.id DESC
LIMIT $3::INTEGER) AS anon_2
UNION ALL SELECT anon_3.kind AS kind, anon_3.occurred_at AS occurred_at, anon_3.id AS id
FROM (SELECT 2 AS kind, c2.created_at AS occurred_at, c2.id AS id
FROM lead_score_history AS c2
WHERE c2.organization_id = $2::BIGINT
AND c2.lead_id = k.id
ORDER BY c2.created_at DESC, c2.id DESC
LIMIT $3::INTEGER) AS anon_3
UNION ALL SELECT anon_4.kind AS kind, anon_4.occurred_at AS occurred_at, anon_4.id AS id
FROM (SELECT 3 AS kind, c3.added_at AS occurred_at, c3.id AS id
FROM campaign_leads AS c3
WHERE c3.organization_id = $2::BIGINT
AND c3.lead_id = k.id
ORDER BY c3.added_at DESC, c3.id DESC
LIMIT $3::INTEGER) AS anon_4) AS merged
ORDER BY merged.occurred_at DESC, merged.kind DESC, merged.id DESC
LIMIT $3::INTEGER) AS top ON true
-- $1 = <1 keys>
-- $2 = <organization_id>
-- $3 = 7

SELECT t.organization_id, t.id, t.lead_id, t.user_id, t.activity_type, t.subject, t.content, t.metadata,
    t.scheduled_at, t.completed_at, t.direction, t.status, t.campaign_id, t.created_at, t.updated_at
FROM activities AS t
WHERE t.organization_id = $1::BIGINT
AND (t.activity_type NOT IN ('SCORE_CHANGE', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'WORKFLOW_RUN'))
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <4 keys>

SELECT t.organization_id, t.id, t.lead_id, t.user_id, t.note_type, t.content, t.is_private, t.mentioned_users,
    t.attachments, t.created_at, t.updated_at
FROM lead_notes AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <2 keys>

SELECT t.organization_id, t.id, t.lead_id, t.previous_score, t.new_score, t.score_change, t.reason, t.rule_id, t.kind,
    t.cap, t.created_at
FROM lead_score_history AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT counted.parent_id, CAST(sum(counted.count) AS BIGINT) AS count
FROM (SELECT c.lead_id AS parent_id, count(*) AS count
FROM activities AS c
WHERE c.organization_id = $1::BIGINT
AND (c.activity_type NOT IN ('SCORE_CHANGE', 'CAMPAIGN_ENROLLED', 'CAMPAIGN_RESPONSE', 'WORKFLOW_RUN'))
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
UNION ALL SELECT c.lead_id AS parent_id, count(*) AS count
FROM lead_notes AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
UNION ALL SELECT c.lead_id AS parent_id, count(*) AS count
FROM lead_score_history AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id
UNION ALL SELECT c.lead_id AS parent_id, count(*) AS count
FROM campaign_leads AS c
WHERE c.organization_id = $1::BIGINT
AND c.lead_id = ANY ($2::BIGINT[])
GROUP BY c.lead_id) AS counted
GROUP BY counted.parent_id
-- $1 = <organization_id>
-- $2 = <1 keys>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>
