-- 2 statements beside BEGIN and COMMIT

SELECT t.organization_id, t.id, t.email, t.first_name, t.last_name, t.company, t.job_title, t.phone, t.website,
    t.linkedin_url, t.status, t.source, t.lead_temperature, t.score, t.value, t.notes, t.tags, t.custom_fields,
    t.enrichment_data, t.expected_close_date, t.last_engagement_date, t.created_at, t.updated_at, t.assigned_to_id,
    t.status_reason, t.version, t.external_source, t.external_id, t.deleted_at, t.merged_into_id, t.email_norm
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND NOT (EXISTS (SELECT $2::INTEGER AS anon_1
FROM activities AS activities_1
WHERE activities_1.organization_id = $1::BIGINT
AND activities_1.lead_id = t.id
AND activities_1.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_1.activity_type = $3::VARCHAR
AND activities_1.created_at >= now() - CAST($4::VARCHAR AS INTERVAL)
AND activities_1.created_at <= now()))
AND (EXISTS (SELECT $5::INTEGER AS anon_2
FROM activities AS activities_2
WHERE activities_2.organization_id = $1::BIGINT
AND activities_2.lead_id = t.id
AND activities_2.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND (EXISTS (SELECT $6::INTEGER AS anon_3
FROM campaigns AS campaigns_1
WHERE campaigns_1.organization_id = $1::BIGINT
AND campaigns_1.id = activities_2.campaign_id
AND campaigns_1.status IS DISTINCT
FROM $7::VARCHAR))))
AND (EXISTS (SELECT $8::INTEGER AS anon_4
FROM users AS users_1
WHERE users_1.organization_id = $1::BIGINT
AND users_1.id = t.assigned_to_id
AND right(users_1.email, length($9::VARCHAR)) = $9::VARCHAR))
AND t.assigned_to_id = $10::BIGINT
AND (SELECT count(*) AS count_1
FROM campaign_leads AS campaign_leads_1
WHERE campaign_leads_1.organization_id = $1::BIGINT
AND campaign_leads_1.lead_id = t.id
AND campaign_leads_1.status = $11::VARCHAR) >= $12::INTEGER
AND (EXISTS (SELECT $13::INTEGER AS anon_5
FROM lead_fields AS lead_fields_1
WHERE lead_fields_1.organization_id = $1::BIGINT
AND lead_fields_1.name = $14::VARCHAR COLLATE "C"
AND lead_fields_1.text_value = $15::VARCHAR COLLATE "C"
AND lead_fields_1.created_at = t.created_at
AND lead_fields_1.lead_id = t.id))
AND (t.custom_fields -> $16::VARCHAR) = $17::JSONB
AND (EXISTS (SELECT $18::INTEGER AS anon_6
FROM lead_fields AS lead_fields_2
WHERE lead_fields_2.organization_id = $1::BIGINT
AND lead_fields_2.name = $19::VARCHAR COLLATE "C"
AND lead_fields_2.number_value >= $20::FLOAT
AND lead_fields_2.created_at = t.created_at
AND lead_fields_2.lead_id = t.id))
AND jsonb_typeof(t.custom_fields -> $21::VARCHAR) = $22::VARCHAR
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $21::VARCHAR) = $23::VARCHAR) THEN CAST((t.custom_fields ->
    $21::VARCHAR) #>> $24::TEXT[] AS NUMERIC) END >= CAST($25::VARCHAR AS NUMERIC)
AND (((t.custom_fields -> $26::VARCHAR) -> $27::VARCHAR) = $28::JSONB
OR ((t.custom_fields -> $26::VARCHAR) -> $27::VARCHAR) = $29::JSONB)
AND t.email_norm = lower(btrim($30::VARCHAR))
AND lower(t.email) = lower($31::VARCHAR)
AND jsonb_typeof((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) = $34::VARCHAR
AND CASE WHEN (jsonb_typeof((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) = $35::VARCHAR) THEN
    CAST(((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) #>> $36::TEXT[] AS NUMERIC) END > CAST($37::VARCHAR AS
    NUMERIC)
AND t.expected_close_date > $38::DATE
AND (SELECT max(activities_3.completed_at) AS max_1
FROM activities AS activities_3
WHERE activities_3.organization_id = $1::BIGINT
AND activities_3.lead_id = t.id
AND activities_3.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_3.direction = 'OUTBOUND'
AND activities_3.status = 'COMPLETED') < $39::TIMESTAMP WITH TIME ZONE
AND t.last_engagement_date IS NOT NULL
AND t.last_engagement_date < now() - CAST($40::VARCHAR AS INTERVAL)
AND NOT (EXISTS (SELECT $41::INTEGER AS anon_7
FROM lead_notes AS lead_notes_1
WHERE lead_notes_1.organization_id = $1::BIGINT
AND lead_notes_1.lead_id = t.id
AND (EXISTS (SELECT $42::INTEGER AS anon_8
FROM users AS users_2
WHERE users_2.organization_id = $1::BIGINT
AND users_2.id = lead_notes_1.user_id
AND users_2.is_active = $43::BOOLEAN)) IS NOT true))
AND (strpos(lower(t.company), lower($44::VARCHAR)) > $45::INTEGER
OR (t.source = $46::VARCHAR) IS NOT true)
AND t.score >= $47::INTEGER
AND (EXISTS (SELECT $48::INTEGER AS anon_9
FROM lead_terms AS lead_terms_1
WHERE lead_terms_1.organization_id = $1::BIGINT
AND lead_terms_1.term = $49::VARCHAR COLLATE "C"
AND lead_terms_1.created_at = t.created_at
AND lead_terms_1.lead_id = t.id))
AND (EXISTS (SELECT $50::INTEGER AS anon_10
FROM lead_terms AS lead_terms_2
WHERE lead_terms_2.organization_id = $1::BIGINT
AND lead_terms_2.term >= $51::VARCHAR COLLATE "C"
AND lead_terms_2.term < $52::VARCHAR COLLATE "C"
AND lead_terms_2.created_at = t.created_at
AND lead_terms_2.lead_id = t.id))
AND t.status = ANY ($53::TEXT[])
AND (EXISTS (SELECT $54::INTEGER AS anon_11
FROM lead_tags AS lead_tags_1
WHERE lead_tags_1.organization_id = $1::BIGINT
AND lead_tags_1.tag = $55::VARCHAR COLLATE "C"
AND lead_tags_1.created_at = t.created_at
AND lead_tags_1.lead_id = t.id))
AND t.tags != '[]'::jsonb
ORDER BY t.score DESC, t.last_engagement_date ASC NULLS FIRST, t.id ASC
LIMIT $56::INTEGER
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 'CALL'
-- $4 = 'P14D'
-- $5 = 1
-- $6 = 1
-- $7 = 'DRAFT'
-- $8 = 1
-- $9 = '.test'
-- $10 = <number of a row>
-- $11 = 'RESPONDED'
-- $12 = 1
-- $13 = 1
-- $14 = 'country'
-- $15 = 'DE'
-- $16 = 'country'
-- $17 = '"DE"'
-- $18 = 1
-- $19 = 'employees'
-- $20 = 10.0
-- $21 = 'employees'
-- $22 = 'number'
-- $23 = 'number'
-- $24 = []
-- $25 = '10'
-- $26 = 'size'
-- $27 = 'seats'
-- $28 = '7'
-- $29 = 'null'
-- $30 = 'ADA@acme.test'
-- $31 = 'ADA@acme.test'
-- $32 = 'industry'
-- $33 = 'confidence'
-- $34 = 'number'
-- $35 = 'number'
-- $36 = []
-- $37 = '0.5'
-- $38 = '2025-06-01'
-- $39 = '2025-12-31T00:00:00+00:00'
-- $40 = 'P14D'
-- $41 = 1
-- $42 = 1
-- $43 = True
-- $44 = 'acme'
-- $45 = 0
-- $46 = 'IMPORT'
-- $47 = 50
-- $48 = 1
-- $49 = 'acme'
-- $50 = 1
-- $51 = 'be'
-- $52 = 'bf'
-- $53 = ['NEW', 'CONTACTED']
-- $54 = 1
-- $55 = 'vip'
-- $56 = 21

SELECT count(*) AS count
FROM leads AS t
WHERE t.organization_id = $1::BIGINT
AND t.deleted_at IS NULL
AND NOT (EXISTS (SELECT $2::INTEGER AS anon_1
FROM activities AS activities_1
WHERE activities_1.organization_id = $1::BIGINT
AND activities_1.lead_id = t.id
AND activities_1.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_1.activity_type = $3::VARCHAR
AND activities_1.created_at >= now() - CAST($4::VARCHAR AS INTERVAL)
AND activities_1.created_at <= now()))
AND (EXISTS (SELECT $5::INTEGER AS anon_2
FROM activities AS activities_2
WHERE activities_2.organization_id = $1::BIGINT
AND activities_2.lead_id = t.id
AND activities_2.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND (EXISTS (SELECT $6::INTEGER AS anon_3
FROM campaigns AS campaigns_1
WHERE campaigns_1.organization_id = $1::BIGINT
AND campaigns_1.id = activities_2.campaign_id
AND campaigns_1.status IS DISTINCT
FROM $7::VARCHAR))))
AND (EXISTS (SELECT $8::INTEGER AS anon_4
FROM users AS users_1
WHERE users_1.organization_id = $1::BIGINT
AND users_1.id = t.assigned_to_id
AND right(users_1.email, length($9::VARCHAR)) = $9::VARCHAR))
AND t.assigned_to_id = $10::BIGINT
AND (SELECT count(*) AS count_1
FROM campaign_leads AS campaign_leads_1
WHERE campaign_leads_1.organization_id = $1::BIGINT
AND campaign_leads_1.lead_id = t.id
AND campaign_leads_1.status = $11::VARCHAR) >= $12::INTEGER
AND (EXISTS (SELECT $13::INTEGER AS anon_5
FROM lead_fields AS lead_fields_1
WHERE lead_fields_1.organization_id = $1::BIGINT
AND lead_fields_1.name = $14::VARCHAR COLLATE "C"
AND lead_fields_1.text_value = $15::VARCHAR COLLATE "C"
AND lead_fields_1.created_at = t.created_at
AND lead_fields_1.lead_id = t.id))
AND (t.custom_fields -> $16::VARCHAR) = $17::JSONB
AND (EXISTS (SELECT $18::INTEGER AS anon_6
FROM lead_fields AS lead_fields_2
WHERE lead_fields_2.organization_id = $1::BIGINT
AND lead_fields_2.name = $19::VARCHAR COLLATE "C"
AND lead_fields_2.number_value >= $20::FLOAT
AND lead_fields_2.created_at = t.created_at
AND lead_fields_2.lead_id = t.id))
AND jsonb_typeof(t.custom_fields -> $21::VARCHAR) = $22::VARCHAR
AND CASE WHEN (jsonb_typeof(t.custom_fields -> $21::VARCHAR) = $23::VARCHAR) THEN CAST((t.custom_fields ->
    $21::VARCHAR) #>> $24::TEXT[] AS NUMERIC) END >= CAST($25::VARCHAR AS NUMERIC)
AND (((t.custom_fields -> $26::VARCHAR) -> $27::VARCHAR) = $28::JSONB
OR ((t.custom_fields -> $26::VARCHAR) -> $27::VARCHAR) = $29::JSONB)
AND t.email_norm = lower(btrim($30::VARCHAR))
AND lower(t.email) = lower($31::VARCHAR)
AND jsonb_typeof((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) = $34::VARCHAR
AND CASE WHEN (jsonb_typeof((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) = $35::VARCHAR) THEN
    CAST(((t.enrichment_data -> $32::VARCHAR) -> $33::VARCHAR) #>> $36::TEXT[] AS NUMERIC) END > CAST($37::VARCHAR AS
    NUMERIC)
AND t.expected_close_date > $38::DATE
AND (SELECT max(activities_3.completed_at) AS max_1
FROM activities AS activities_3
WHERE activities_3.organization_id = $1::BIGINT
AND activities_3.lead_id = t.id
AND activities_3.activity_type IN ('EMAIL', 'CALL', 'MEETING', 'SMS', 'WHATSAPP', 'LINKEDIN', 'TASK',
    'FORM_SUBMISSION', 'PAGE_VISIT', 'EMAIL_OPEN', 'EMAIL_CLICK')
AND activities_3.direction = 'OUTBOUND'
AND activities_3.status = 'COMPLETED') < $39::TIMESTAMP WITH TIME ZONE
AND t.last_engagement_date IS NOT NULL
AND t.last_engagement_date < now() - CAST($40::VARCHAR AS INTERVAL)
AND NOT (EXISTS (SELECT $41::INTEGER AS anon_7
FROM lead_notes AS lead_notes_1
WHERE lead_notes_1.organization_id = $1::BIGINT
AND lead_notes_1.lead_id = t.id
AND (EXISTS (SELECT $42::INTEGER AS anon_8
FROM users AS users_2
WHERE users_2.organization_id = $1::BIGINT
AND users_2.id = lead_notes_1.user_id
AND users_2.is_active = $43::BOOLEAN)) IS NOT true))
AND (strpos(lower(t.company), lower($44::VARCHAR)) > $45::INTEGER
OR (t.source = $46::VARCHAR) IS NOT true)
AND t.score >= $47::INTEGER
AND (EXISTS (SELECT $48::INTEGER AS anon_9
FROM lead_terms AS lead_terms_1
WHERE lead_terms_1.organization_id = $1::BIGINT
AND lead_terms_1.term = $49::VARCHAR COLLATE "C"
AND lead_terms_1.created_at = t.created_at
AND lead_terms_1.lead_id = t.id))
AND (EXISTS (SELECT $50::INTEGER AS anon_10
FROM lead_terms AS lead_terms_2
WHERE lead_terms_2.organization_id = $1::BIGINT
AND lead_terms_2.term >= $51::VARCHAR COLLATE "C"
AND lead_terms_2.term < $52::VARCHAR COLLATE "C"
AND lead_terms_2.created_at = t.created_at
AND lead_terms_2.lead_id = t.id))
AND t.status = ANY ($53::TEXT[])
AND (EXISTS (SELECT $54::INTEGER AS anon_11
FROM lead_tags AS lead_tags_1
WHERE lead_tags_1.organization_id = $1::BIGINT
AND lead_tags_1.tag = $55::VARCHAR COLLATE "C"
AND lead_tags_1.created_at = t.created_at
AND lead_tags_1.lead_id = t.id))
AND t.tags != '[]'::jsonb
-- $1 = <organization_id>
-- $2 = 1
-- $3 = 'CALL'
-- $4 = 'P14D'
-- $5 = 1
-- $6 = 1
-- $7 = 'DRAFT'
-- $8 = 1
-- $9 = '.test'
-- $10 = <number of a row>
-- $11 = 'RESPONDED'
-- $12 = 1
-- $13 = 1
-- $14 = 'country'
-- $15 = 'DE'
-- $16 = 'country'
-- $17 = '"DE"'
-- $18 = 1
-- $19 = 'employees'
-- $20 = 10.0
-- $21 = 'employees'
-- $22 = 'number'
-- $23 = 'number'
-- $24 = []
-- $25 = '10'
-- $26 = 'size'
-- $27 = 'seats'
-- $28 = '7'
-- $29 = 'null'
-- $30 = 'ADA@acme.test'
-- $31 = 'ADA@acme.test'
-- $32 = 'industry'
-- $33 = 'confidence'
-- $34 = 'number'
-- $35 = 'number'
-- $36 = []
-- $37 = '0.5'
-- $38 = '2025-06-01'
-- $39 = '2025-12-31T00:00:00+00:00'
-- $40 = 'P14D'
-- $41 = 1
-- $42 = 1
-- $43 = True
-- $44 = 'acme'
-- $45 = 0
-- $46 = 'IMPORT'
-- $47 = 50
-- $48 = 1
-- $49 = 'acme'
-- $50 = 1
-- $51 = 'be'
-- $52 = 'bf'
-- $53 = ['NEW', 'CONTACTED']
-- $54 = 1
-- $55 = 'vip'
