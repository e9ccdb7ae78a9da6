-- 2 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND NOT (EXISTS (SELECT 1
FROM activities AS activities_1
WHERE activities_1.organization_id = $1::BIGINT
AND activities_1.lead_id = t.id
AND activities_1.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_1.activity_type = $2::VARCHAR
AND activities_1.created_at >= now() - CAST($3::VARCHAR AS INTERVAL)
AND activities_1.created_at <= now()))
AND (EXISTS (SELECT 1
FROM activities AS activities_2
WHERE activities_2.organization_id = $1::BIGINT
AND activities_2.lead_id = t.id
AND activities_2.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND (EXISTS (SELECT 1
FROM campaigns AS campaigns_1
WHERE campaigns_1.organization_id = $1::BIGINT
AND campaigns_1.id = activities_2.campaign_id
AND campaigns_1.status IS DISTINCT
FROM $4::VARCHAR))))
AND (EXISTS (SELECT 1
FROM users AS users_1
WHERE users_1.organization_id = $1::BIGINT
AND users_1.id = t.assigned_to_id
AND right(users_1.email, length($5::VARCHAR)) = $5::VARCHAR))
AND t.assigned_to_id = $6::BIGINT
AND (SELECT count(*) AS count_1
FROM campaign_leads AS campaign_leads_1
WHERE campaign_leads_1.organization_id = $1::BIGINT
AND campaign_leads_1.lead_id = t.id
AND campaign_leads_1.status = $7::VARCHAR) >= $8::INTEGER
AND (EXISTS (SELECT 1
FROM lead_fields AS lead_fields_1
WHERE lead_fields_1.organization_id = $1::BIGINT
AND lead_fields_1.name = $9::VARCHAR COLLATE "C"
AND lead_fields_1.text_value = $10::VARCHAR COLLATE "C"
AND lead_fields_1.created_at = t.created_at
AND lead_fields_1.lead_id = t.id))
AND (EXISTS (SELECT 1
FROM lead_fields AS lead_fields_2
WHERE lead_fields_2.organization_id = $1::BIGINT
AND lead_fields_2.name = $11::VARCHAR COLLATE "C"
AND lead_fields_2.number_value >= $12::FLOAT
AND lead_fields_2.created_at = t.created_at
AND lead_fields_2.lead_id = t.id))
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $13::VARCHAR) = $14::VARCHAR
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $13::VARCHAR) = $15::VARCHAR) THEN CAST((t.custom_fields ->
    $13::VARCHAR) #>> $16::TEXT[] AS NUMERIC) END >= CAST($17::VARCHAR AS NUMERIC)) THEN true ELSE false END
AND (((t.custom_fields -> $18::VARCHAR) -> $19::VARCHAR) = $20::JSONB
OR ((t.custom_fields -> $18::VARCHAR) -> $19::VARCHAR) = $21::JSONB)
AND t.email_norm = lower(btrim($22::VARCHAR))
AND lower(t.email) = lower($23::VARCHAR)
AND jsonb_typeof((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) = $26::VARCHAR
AND CASE WHEN (jsonb_typeof((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) = $27::VARCHAR) THEN
    CAST(((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) #>> $28::TEXT[] AS NUMERIC) END > CAST($29::VARCHAR AS
    NUMERIC)
AND t.expected_close_date > $30::DATE
AND (SELECT max(activities_3.completed_at) AS max_1
FROM activities AS activities_3
WHERE activities_3.organization_id = $1::BIGINT
AND activities_3.lead_id = t.id
AND activities_3.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_3.direction = 'OUTBOUND'
AND activities_3.status = 'COMPLETED') < $31::TIMESTAMP WITH TIME ZONE
AND t.last_engagement_date IS NOT NULL
AND t.last_engagement_date < now() - CAST($32::VARCHAR AS INTERVAL)
AND NOT (EXISTS (SELECT 1
FROM lead_notes AS lead_notes_1
WHERE lead_notes_1.organization_id = $1::BIGINT
AND lead_notes_1.lead_id = t.id
AND (EXISTS (SELECT 1
FROM users AS users_2
WHERE users_2.organization_id = $1::BIGINT
AND users_2.id = lead_notes_1.user_id
AND users_2.is_active = $33::BOOLEAN)) IS NOT true))
AND (strpos(lower(t.company), lower($34::VARCHAR)) > $35::INTEGER
OR (t.source = $36::VARCHAR) IS NOT true)
AND t.score >= $37::INTEGER
AND (EXISTS (SELECT 1
FROM lead_terms AS lead_terms_1
WHERE lead_terms_1.organization_id = $1::BIGINT
AND lead_terms_1.term = $38::VARCHAR COLLATE "C"
AND lead_terms_1.created_at = t.created_at
AND lead_terms_1.lead_id = t.id))
AND (EXISTS (SELECT 1
FROM lead_terms AS lead_terms_2
WHERE lead_terms_2.organization_id = $1::BIGINT
AND lead_terms_2.term >= $39::VARCHAR COLLATE "C"
AND lead_terms_2.term < $40::VARCHAR COLLATE "C"
AND lead_terms_2.created_at = t.created_at
AND lead_terms_2.lead_id = t.id))
AND t.status = ANY ($41::TEXT[])
AND (EXISTS (SELECT 1
FROM lead_tags AS lead_tags_1
WHERE lead_tags_1.organization_id = $1::BIGINT
AND lead_tags_1.tag = $42::VARCHAR COLLATE "C"
AND lead_tags_1.created_at = t.created_at
AND lead_tags_1.lead_id = t.id))
AND t.tags != '[]'::jsonb
ORDER BY t.score DESC, t.last_engagement_date ASC NULLS FIRST, t.id ASC
LIMIT $43::INTEGER
-- $1 = <organization_id>
-- $2 = 'CALL'
-- $3 = 'P14D'
-- $4 = 'DRAFT'
-- $5 = '.test'
-- $6 = <number of a row>
-- $7 = 'RESPONDED'
-- $8 = 1
-- $9 = 'country'
-- $10 = 'DE'
-- $11 = 'employees'
-- $12 = 10.0
-- $13 = 'employees'
-- $14 = 'number'
-- $15 = 'number'
-- $16 = []
-- $17 = '10'
-- $18 = 'size'
-- $19 = 'seats'
-- $20 = '7'
-- $21 = 'null'
-- $22 = 'ADA@acme.test'
-- $23 = 'ADA@acme.test'
-- $24 = 'industry'
-- $25 = 'confidence'
-- $26 = 'number'
-- $27 = 'number'
-- $28 = []
-- $29 = '0.5'
-- $30 = '2025-06-01'
-- $31 = '2025-12-31T00:00:00+00:00'
-- $32 = 'P14D'
-- $33 = True
-- $34 = 'acme'
-- $35 = 0
-- $36 = 'IMPORT'
-- $37 = 50
-- $38 = 'acme'
-- $39 = 'be'
-- $40 = 'bf'
-- $41 = ['NEW', 'CONTACTED']
-- $42 = 'vip'
-- $43 = 21

SELECT count(*) AS count
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND NOT (EXISTS (SELECT 1
FROM activities AS activities_1
WHERE activities_1.organization_id = $1::BIGINT
AND activities_1.lead_id = t.id
AND activities_1.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_1.activity_type = $2::VARCHAR
AND activities_1.created_at >= now() - CAST($3::VARCHAR AS INTERVAL)
AND activities_1.created_at <= now()))
AND (EXISTS (SELECT 1
FROM activities AS activities_2
WHERE activities_2.organization_id = $1::BIGINT
AND activities_2.lead_id = t.id
AND activities_2.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND (EXISTS (SELECT 1
FROM campaigns AS campaigns_1
WHERE campaigns_1.organization_id = $1::BIGINT
AND campaigns_1.id = activities_2.campaign_id
AND campaigns_1.status IS DISTINCT
FROM $4::VARCHAR))))
AND (EXISTS (SELECT 1
FROM users AS users_1
WHERE users_1.organization_id = $1::BIGINT
AND users_1.id = t.assigned_to_id
AND right(users_1.email, length($5::VARCHAR)) = $5::VARCHAR))
AND t.assigned_to_id = $6::BIGINT
AND (SELECT count(*) AS count_1
FROM campaign_leads AS campaign_leads_1
WHERE campaign_leads_1.organization_id = $1::BIGINT
AND campaign_leads_1.lead_id = t.id
AND campaign_leads_1.status = $7::VARCHAR) >= $8::INTEGER
AND (EXISTS (SELECT 1
FROM lead_fields AS lead_fields_1
WHERE lead_fields_1.organization_id = $1::BIGINT
AND lead_fields_1.name = $9::VARCHAR COLLATE "C"
AND lead_fields_1.text_value = $10::VARCHAR COLLATE "C"
AND lead_fields_1.created_at = t.created_at
AND lead_fields_1.lead_id = t.id))
AND (EXISTS (SELECT 1
FROM lead_fields AS lead_fields_2
WHERE lead_fields_2.organization_id = $1::BIGINT
AND lead_fields_2.name = $11::VARCHAR COLLATE "C"
AND lead_fields_2.number_value >= $12::FLOAT
AND lead_fields_2.created_at = t.created_at
AND lead_fields_2.lead_id = t.id))
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $13::VARCHAR) = $14::VARCHAR
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $13::VARCHAR) = $15::VARCHAR) THEN CAST((t.custom_fields ->
    $13::VARCHAR) #>> $16::TEXT[] AS NUMERIC) END >= CAST($17::VARCHAR AS NUMERIC)) THEN true ELSE false END
AND (((t.custom_fields -> $18::VARCHAR) -> $19::VARCHAR) = $20::JSONB
OR ((t.custom_fields -> $18::VARCHAR) -> $19::VARCHAR) = $21::JSONB)
AND t.email_norm = lower(btrim($22::VARCHAR))
AND lower(t.email) = lower($23::VARCHAR)
AND jsonb_typeof((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) = $26::VARCHAR
AND CASE WHEN (jsonb_typeof((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) = $27::VARCHAR) THEN
    CAST(((t.enrichment_data -> $24::VARCHAR) -> $25::VARCHAR) #>> $28::TEXT[] AS NUMERIC) END > CAST($29::VARCHAR AS
    NUMERIC)
AND t.expected_close_date > $30::DATE
AND (SELECT max(activities_3.completed_at) AS max_1
FROM activities AS activities_3
WHERE activities_3.organization_id = $1::BIGINT
AND activities_3.lead_id = t.id
AND activities_3.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_3.direction = 'OUTBOUND'
AND activities_3.status = 'COMPLETED') < $31::TIMESTAMP WITH TIME ZONE
AND t.last_engagement_date IS NOT NULL
AND t.last_engagement_date < now() - CAST($32::VARCHAR AS INTERVAL)
AND NOT (EXISTS (SELECT 1
FROM lead_notes AS lead_notes_1
WHERE lead_notes_1.organization_id = $1::BIGINT
AND lead_notes_1.lead_id = t.id
AND (EXISTS (SELECT 1
FROM users AS users_2
WHERE users_2.organization_id = $1::BIGINT
AND users_2.id = lead_notes_1.user_id
AND users_2.is_active = $33::BOOLEAN)) IS NOT true))
AND (strpos(lower(t.company), lower($34::VARCHAR)) > $35::INTEGER
OR (t.source = $36::VARCHAR) IS NOT true)
AND t.score >= $37::INTEGER
AND (EXISTS (SELECT 1
FROM lead_terms AS lead_terms_1
WHERE lead_terms_1.organization_id = $1::BIGINT
AND lead_terms_1.term = $38::VARCHAR COLLATE "C"
AND lead_terms_1.created_at = t.created_at
AND lead_terms_1.lead_id = t.id))
AND (EXISTS (SELECT 1
FROM lead_terms AS lead_terms_2
WHERE lead_terms_2.organization_id = $1::BIGINT
AND lead_terms_2.term >= $39::VARCHAR COLLATE "C"
AND lead_terms_2.term < $40::VARCHAR COLLATE "C"
AND lead_terms_2.created_at = t.created_at
AND lead_terms_2.lead_id = t.id))
AND t.status = ANY ($41::TEXT[])
AND (EXISTS (SELECT 1
FROM lead_tags AS lead_tags_1
WHERE lead_tags_1.organization_id = $1::BIGINT
AND lead_tags_1.tag = $42::VARCHAR COLLATE "C"
AND lead_tags_1.created_at = t.created_at
AND lead_tags_1.lead_id = t.id))
AND t.tags != '[]'::jsonb
-- $1 = <organization_id>
-- $2 = 'CALL'
-- $3 = 'P14D'
-- $4 = 'DRAFT'
-- $5 = '.test'
-- $6 = <number of a row>
-- $7 = 'RESPONDED'
-- $8 = 1
-- $9 = 'country'
-- $10 = 'DE'
-- $11 = 'employees'
-- $12 = 10.0
-- $13 = 'employees'
-- $14 = 'number'
-- $15 = 'number'
-- $16 = []
-- $17 = '10'
-- $18 = 'size'
-- $19 = 'seats'
-- $20 = '7'
-- $21 = 'null'
-- $22 = 'ADA@acme.test'
-- $23 = 'ADA@acme.test'
-- $24 = 'industry'
-- $25 = 'confidence'
-- $26 = 'number'
-- $27 = 'number'
-- $28 = []
-- $29 = '0.5'
-- $30 = '2025-06-01'
-- $31 = '2025-12-31T00:00:00+00:00'
-- $32 = 'P14D'
-- $33 = True
-- $34 = 'acme'
-- $35 = 0
-- $36 = 'IMPORT'
-- $37 = 50
-- $38 = 'acme'
-- $39 = 'be'
-- $40 = 'bf'
-- $41 = ['NEW', 'CONTACTED']
-- $42 = 'vip'
