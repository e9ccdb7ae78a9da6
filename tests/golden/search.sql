-- 8 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm,
    hits.rank AS rank
FROM leads AS t
JOIN (SELECT either.lead_id AS lead_id, max(either.rank) AS rank
FROM (SELECT in_leads.lead_id AS lead_id, in_leads.rank AS rank
FROM (SELECT w0.lead_id AS lead_id, $1::FLOAT + w0.weight + CASE WHEN (w0.term = $2::VARCHAR COLLATE "C") THEN
    $3::FLOAT ELSE $4::FLOAT END AS rank
FROM lead_terms AS w0
WHERE w0.organization_id = $5::BIGINT
AND w0.term >= $6::VARCHAR COLLATE "C"
AND w0.term < $7::VARCHAR COLLATE "C"
ORDER BY w0.created_at DESC, w0.lead_id DESC
LIMIT $8::INTEGER) AS in_leads
UNION ALL SELECT in_notes.lead_id AS lead_id, in_notes.rank AS rank
FROM (SELECT note.lead_id AS lead_id, CAST(note.rank AS DOUBLE PRECISION) * $9::FLOAT AS rank
FROM search_notes($10::VARCHAR, $11::BOOLEAN, $12::INTEGER) AS note) AS in_notes) AS either
GROUP BY either.lead_id) AS hits ON hits.lead_id = t.id
WHERE t.organization_id = $5::BIGINT
AND t.deleted_at IS NULL
ORDER BY hits.rank DESC, t.created_at DESC, t.id DESC
LIMIT $13::INTEGER
-- $1 = 0.0
-- $2 = 'acme'
-- $3 = 0.5
-- $4 = 0.0
-- $5 = <organization_id>
-- $6 = 'acme'
-- $7 = 'acmf'
-- $8 = 1000
-- $9 = 0.5
-- $10 = "('acme':*)"
-- $11 = True
-- $12 = 1000
-- $13 = 21

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm,
    hits.rank AS rank
FROM leads AS t
JOIN (SELECT either.lead_id AS lead_id, max(either.rank) AS rank
FROM (SELECT in_leads.lead_id AS lead_id, in_leads.rank AS rank
FROM (SELECT w0.lead_id AS lead_id, $1::FLOAT + w0.weight + CASE WHEN (w0.term = $2::VARCHAR COLLATE "C") THEN
    $3::FLOAT ELSE $4::FLOAT END + w1.weight + CASE WHEN (w1.term = $5::VARCHAR COLLATE "C") THEN $6::FLOAT ELSE
    $7::FLOAT END AS rank
FROM lead_terms AS w0, lead_terms AS w1
WHERE w0.organization_id = $8::BIGINT
AND w0.term = $9::VARCHAR COLLATE "C"
AND w1.organization_id = $8::BIGINT
AND w1.term >= $10::VARCHAR COLLATE "C"
AND w1.term < $11::VARCHAR COLLATE "C"
AND w1.created_at = w0.created_at
AND w1.lead_id = w0.lead_id
ORDER BY w0.created_at DESC, w0.lead_id DESC
LIMIT $12::INTEGER) AS in_leads
UNION ALL SELECT in_notes.lead_id AS lead_id, in_notes.rank AS rank
FROM (SELECT note.lead_id AS lead_id, CAST(note.rank AS DOUBLE PRECISION) * $13::FLOAT AS rank
FROM search_notes($14::VARCHAR, $15::BOOLEAN, $16::INTEGER) AS note) AS in_notes) AS either
GROUP BY either.lead_id) AS hits ON hits.lead_id = t.id
WHERE t.organization_id = $8::BIGINT
AND t.deleted_at IS NULL
AND t.score > $17::INTEGER
ORDER BY hits.rank DESC, t.created_at DESC, t.id DESC
LIMIT $18::INTEGER
-- $1 = 0.0
-- $2 = 'ada'
-- $3 = 0.5
-- $4 = 0.0
-- $5 = 'be'
-- $6 = 0.5
-- $7 = 0.0
-- $8 = <organization_id>
-- $9 = 'ada'
-- $10 = 'be'
-- $11 = 'bf'
-- $12 = 1000
-- $13 = 0.5
-- $14 = "('ada' & 'be':*)"
-- $15 = True
-- $16 = 1000
-- $17 = 10
-- $18 = 2

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm,
    hits.rank AS rank
FROM leads AS t
JOIN (SELECT either.lead_id AS lead_id, max(either.rank) AS rank
FROM (SELECT in_leads.lead_id AS lead_id, in_leads.rank AS rank
FROM (SELECT w0.lead_id AS lead_id, $1::FLOAT + w0.weight + CASE WHEN (w0.term = $2::VARCHAR COLLATE "C") THEN
    $3::FLOAT ELSE $4::FLOAT END AS rank
FROM lead_terms AS w0
WHERE w0.organization_id = $5::BIGINT
AND w0.term >= $6::VARCHAR COLLATE "C"
AND w0.term < $7::VARCHAR COLLATE "C"
ORDER BY w0.created_at DESC, w0.lead_id DESC
LIMIT $8::INTEGER) AS in_leads
UNION ALL SELECT in_notes.lead_id AS lead_id, in_notes.rank AS rank
FROM (SELECT note.lead_id AS lead_id, CAST(note.rank AS DOUBLE PRECISION) * $9::FLOAT AS rank
FROM search_notes($10::VARCHAR, $11::BOOLEAN, $12::INTEGER) AS note) AS in_notes) AS either
GROUP BY either.lead_id) AS hits ON hits.lead_id = t.id
WHERE t.organization_id = $5::BIGINT
AND t.deleted_at IS NULL
ORDER BY hits.rank DESC, t.created_at DESC, t.id DESC
LIMIT $13::INTEGER
-- $1 = 0.0
-- $2 = 'mornings'
-- $3 = 0.5
-- $4 = 0.0
-- $5 = <organization_id>
-- $6 = 'mornings'
-- $7 = 'morningt'
-- $8 = 1000
-- $9 = 0.5
-- $10 = "('mornings':*)"
-- $11 = True
-- $12 = 1000
-- $13 = 21

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm,
    hits.rank AS rank
FROM leads AS t
JOIN (SELECT CAST(NULL AS BIGINT) AS lead_id, CAST(NULL AS DOUBLE PRECISION) AS rank
WHERE false) AS hits ON t.id = hits.lead_id
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
ORDER BY hits.rank DESC, t.created_at DESC, t.id DESC
LIMIT $2::INTEGER
-- $1 = <organization_id>
-- $2 = 21

SELECT count(*) AS count
FROM (SELECT t.id AS id, hits.rank AS rank
FROM leads AS t
JOIN (SELECT either.lead_id AS lead_id, max(either.rank) AS rank
FROM (SELECT in_leads.lead_id AS lead_id, in_leads.rank AS rank
FROM (SELECT w0.lead_id AS lead_id, $1::FLOAT + w0.weight + CASE WHEN (w0.term = $2::VARCHAR COLLATE "C") THEN
    $3::FLOAT ELSE $4::FLOAT END AS rank
FROM lead_terms AS w0
WHERE w0.organization_id = $5::BIGINT
AND w0.term >= $6::VARCHAR COLLATE "C"
AND w0.term < $7::VARCHAR COLLATE "C"
ORDER BY w0.created_at DESC, w0.lead_id DESC
LIMIT $8::INTEGER) AS in_leads
UNION ALL SELECT in_notes.lead_id AS lead_id, in_notes.rank AS rank
FROM (SELECT note.lead_id AS lead_id, CAST(note.rank AS DOUBLE PRECISION) * $9::FLOAT AS rank
FROM search_notes($10::VARCHAR, $11::BOOLEAN, $12::INTEGER) AS note) AS in_notes) AS either
GROUP BY either.lead_id) AS hits ON hits.lead_id = t.id
WHERE t.organization_id = $5::BIGINT
AND t.deleted_at IS NULL) AS anon_1
-- $1 = 0.0
-- $2 = 'acme'
-- $3 = 0.5
-- $4 = 0.0
-- $5 = <organization_id>
-- $6 = 'acme'
-- $7 = 'acmf'
-- $8 = 1000
-- $9 = 0.5
-- $10 = "('acme':*)"
-- $11 = True
-- $12 = 1000

SELECT count(*) AS count
FROM (SELECT t.id AS id, hits.rank AS rank
FROM leads AS t
JOIN (SELECT either.lead_id AS lead_id, max(either.rank) AS rank
FROM (SELECT in_leads.lead_id AS lead_id, in_leads.rank AS rank
FROM (SELECT w0.lead_id AS lead_id, $1::FLOAT + w0.weight + CASE WHEN (w0.term = $2::VARCHAR COLLATE "C") THEN
    $3::FLOAT ELSE $4::FLOAT END + w1.weight + CASE WHEN (w1.term = $5::VARCHAR COLLATE "C") THEN $6::FLOAT ELSE
    $7::FLOAT END AS rank
FROM lead_terms AS w0, lead_terms AS w1
WHERE w0.organization_id = $8::BIGINT
AND w0.term = $9::VARCHAR COLLATE "C"
AND w1.organization_id = $8::BIGINT
AND w1.term >= $10::VARCHAR COLLATE "C"
AND w1.term < $11::VARCHAR COLLATE "C"
AND w1.created_at = w0.created_at
AND w1.lead_id = w0.lead_id
ORDER BY w0.created_at DESC, w0.lead_id DESC
LIMIT $12::INTEGER) AS in_leads
UNION ALL SELECT in_notes.lead_id AS lead_id, in_notes.rank AS rank
FROM (SELECT note.lead_id AS lead_id, CAST(note.rank AS DOUBLE PRECISION) * $13::FLOAT AS rank
FROM search_notes($14::VARCHAR, $15::BOOLEAN, $16::INTEGER) AS note) AS in_notes) AS either
GROUP BY either.lead_id) AS hits ON hits.lead_id = t.id
WHERE t.organization_id = $8::BIGINT
AND t.deleted_at IS NULL
AND t.score > $17::INTEGER) AS anon_1
-- $1 = 0.0
-- $2 = 'ada'
-- $3 = 0.5
-- $4 = 0.0
-- $5 = 'be'
-- $6 = 0.5
-- $7 = 0.0
-- $8 = <organization_id>
-- $9 = 'ada'
-- $10 = 'be'
-- $11 = 'bf'
-- $12 = 1000
-- $13 = 0.5
-- $14 = "('ada' & 'be':*)"
-- $15 = True
-- $16 = 1000
-- $17 = 10

SELECT count(*) AS count
FROM (SELECT t.id AS id, hits.rank AS rank
FROM leads AS t
JOIN (SELECT CAST(NULL AS BIGINT) AS lead_id, CAST(NULL AS DOUBLE PRECISION) AS rank
WHERE false) AS hits ON t.id = hits.lead_id
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL) AS anon_1
-- $1 = <organization_id>

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.role, t.is_active, t.timezone_preference,
    t.email_notifications, t.avatar_url, t.created_at, t.updated_at
FROM users AS t
WHERE t.organization_id = $1::BIGINT
AND t.id = ANY ($2::BIGINT[])
-- $1 = <organization_id>
-- $2 = <1 keys>
