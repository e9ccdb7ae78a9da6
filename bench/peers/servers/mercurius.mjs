// Mercurius with its JIT compiler and its loaders, over node-postgres. Enter at the bottom.
// ROW_SECURITY=on adds the token check and a transaction per request in the application's role.
import { readFile } from "node:fs/promises";

import { createVerifier } from "fast-jwt";
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const ROW_SECURITY = process.env.ROW_SECURITY === "on";
const ORGANIZATION = process.env.PEERS_ORGANIZATION;
const COMMUNICATION = process.env.PEERS_COMMUNICATION.split(",").map((one) => `'${one}'`).join(", ");
// Moments stay the text that Postgres sends: cheaper than dates, and microseconds survive.
pg.types.setTypeParser(1184, (text) => text);

const pool = new pg.Pool({ max: Number(process.env.PEERS_CONNECTIONS) });
const verify = createVerifier({ key: process.env.PEERS_JWT_SECRET, cache: true });

const LEAD = `id, email, first_name AS "firstName", last_name AS "lastName", company, job_title AS "jobTitle", status,
  source, lead_temperature AS "leadTemperature", score, tags, created_at AS "createdAt",
  assigned_to_id AS "assignedToId"`;
const USER = 'id, email, first_name AS "firstName", last_name AS "lastName"';

// A named statement is prepared once per connection.
async function rows(context, name, text, values) {
  return (await (context.client ?? pool).query({ name, text, values })).rows;
}

function connection(found, first) {
  const edges = found.slice(0, first).map((node) => ({ cursor: cursorOf(node.id), node }));
  return {
    edges,
    pageInfo: { hasNextPage: found.length > first, endCursor: edges.length ? edges.at(-1).cursor : null },
  };
}

const cursorOf = (id) => Buffer.from(`row:${id}`).toString("base64");
const idOf = (cursor) => Buffer.from(cursor, "base64").toString().split(":")[1];

function toOne(table, columns, key) {
  const text = `SELECT ${columns} FROM ${table} WHERE organization_id = $1 AND id = ANY($2::bigint[])`;
  return async (queries, context) => {
    const keys = [...new Set(queries.map(({ obj }) => obj[key]).filter((one) => one !== null))];
    const found = keys.length ? await rows(context, `one-${table}`, text, [ORGANIZATION, keys]) : [];
    const byId = new Map(found.map((row) => [row.id, row]));
    return queries.map(({ obj }) => byId.get(obj[key]) ?? null);
  };
}

function toMany(table, columns, parent, moment, condition = "true") {
  const text = `SELECT top.*, k.id AS "parentId" FROM unnest($2::bigint[]) AS k (id) CROSS JOIN LATERAL (
    SELECT ${columns} FROM ${table}
    WHERE organization_id = $1 AND ${parent} = k.id AND ${condition}
    ORDER BY ${moment} DESC, id DESC LIMIT $3) AS top`;
  return async (queries, context) => {
    const most = Math.max(...queries.map(({ params }) => params.first)) + 1;
    const keys = queries.map(({ obj }) => obj.id);
    const groups = new Map(keys.map((key) => [key, []]));
    for (const row of await rows(context, `many-${table}-${parent}`, text, [ORGANIZATION, keys, most])) {
      groups.get(row.parentId).push(row);
    }
    return queries.map(({ obj, params }) => connection(groups.get(obj.id), params.first));
  };
}

const loaders = {
  Lead: {
    assignedTo: toOne("users", USER, "assignedToId"),
    activities: toMany(
      "activities",
      'id, activity_type AS "activityType", subject, created_at AS "createdAt", user_id AS "userId"',
      "lead_id",
      "created_at",
      `activity_type IN (${COMMUNICATION})`,
    ),
    notes: toMany(
      "lead_notes",
      'id, note_type AS "noteType", content, created_at AS "createdAt", user_id AS "userId"',
      "lead_id",
      "created_at",
    ),
    scoreHistory: toMany(
      "lead_score_history",
      `id, previous_score AS "previousScore", new_score AS "newScore", score_change AS "scoreChange", reason,
       created_at AS "createdAt", rule_id AS "ruleId"`,
      "lead_id",
      "created_at",
    ),
    campaignLeads: toMany(
      "campaign_leads",
      'id, status, added_at AS "addedAt", campaign_id AS "campaignId"',
      "lead_id",
      "added_at",
    ),
  },
  Activity: { user: toOne("users", USER, "userId") },
  LeadNote: { user: toOne("users", USER, "userId") },
  LeadScoreHistory: { rule: toOne("lead_scoring_rules", "id, name", "ruleId") },
  CampaignLead: { campaign: toOne("campaigns", "id, name, status", "campaignId") },
  User: { assignedLeads: toMany("leads", LEAD, "assigned_to_id", "created_at", "deleted_at IS NULL") },
  Organization: { users: toMany("users", USER, "organization_id", "created_at") },
};

// No two rows of an answer are the same object, so the loaders' cache would only cost what its keys cost to make;
// the guide to loaders offers to leave it out.
for (const fields of Object.values(loaders)) {
  for (const [name, loader] of Object.entries(fields)) fields[name] = { loader, opts: { cache: false } };
}

const resolvers = {
  Query: {
    async lead(_, { id }, context) {
      const text = `SELECT ${LEAD} FROM leads WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL`;
      return (await rows(context, "lead", text, [ORGANIZATION, id]))[0] ?? null;
    },
    async leads(_, { first, after, status, assignedToId }, context) {
      const values = [ORGANIZATION, first + 1];
      let [where, name] = ["organization_id = $1 AND deleted_at IS NULL", "leads"];
      const add = (condition, value) => {
        values.push(value);
        where += ` AND ${condition.replace("?", `$${values.length}`)}`;
        name += `-${condition.split(" ")[0]}`;
      };
      if (status) add("status = ?", status);
      if (assignedToId) add("assigned_to_id = ?", assignedToId);
      if (after) {
        const position = "SELECT created_at, id FROM leads WHERE organization_id = $1 AND id = ?";
        add(`(created_at, id) < (${position})`, idOf(after));
      }
      const text = `SELECT ${LEAD} FROM leads WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT $2`;
      return connection(await rows(context, name, text, values), first);
    },
    async organization(_, __, context) {
      return (await rows(context, "organization", "SELECT id, name FROM organizations WHERE id = $1", [ORGANIZATION]))[0];
    },
  },
};

async function asApplication(request, reply) {
  const claims = verify((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  const client = await pool.connect();
  request.client = client;
  await client.query(
    `BEGIN READ ONLY; SET LOCAL ROLE lma_app; SET LOCAL app.organization_id = '${BigInt(claims.org)}';` +
      `SET LOCAL app.user_id = '${BigInt(claims.sub)}'`,
  );
  return { client, reply };
}

const app = Fastify();
if (ROW_SECURITY) {
  app.decorateRequest("client", null);
  app.addHook("onResponse", async (request) => {
    if (request.client) {
      await request.client.query("COMMIT");
      request.client.release();
    }
  });
}
app.register(mercurius, {
  schema: await readFile(new URL("schema.graphql", import.meta.url), "utf8"),
  resolvers,
  loaders,
  jit: 1,
  ...(ROW_SECURITY ? { context: asApplication } : {}),
});
await app.listen({ port: Number(process.env.PEERS_PORT), host: "127.0.0.1" });
