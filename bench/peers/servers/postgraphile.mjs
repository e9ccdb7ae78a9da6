// PostGraphile 5 over the benchmark's tables, as its guides set it up: the Amber preset, a connection pool, the Node
// server. Enter at the bottom. ROW_SECURITY=on adds the token check and runs every request as the application's role.
import { createServer } from "node:http";

import { createVerifier } from "fast-jwt";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition } from "postgraphile/utils";

const COMMUNICATION = process.env.PEERS_COMMUNICATION.split(",");

// Conditions beyond equality are a plugin's business; these two give the same rows as the other contestants do.
const alive = addPgTableCondition(
  { schemaName: "public", tableName: "leads" },
  "alive",
  (build) => ({ type: build.graphql.GraphQLBoolean }),
  (_value, { sql, sqlTableAlias }) => sql`${sqlTableAlias}.deleted_at is null`,
);
const communication = addPgTableCondition(
  { schemaName: "public", tableName: "activities" },
  "communication",
  (build) => ({ type: build.graphql.GraphQLBoolean }),
  (_value, { sql, sqlTableAlias }) =>
    // Literals, so that the planner matches the partial index, as it does for everyone else.
    sql`${sqlTableAlias}.activity_type in (${sql.join(COMMUNICATION.map((one) => sql.literal(one)), ", ")})`,
);

const verify = createVerifier({ key: process.env.PEERS_JWT_SECRET, cache: true });

function asApplication(requestContext) {
  const header = requestContext.node.req.headers.authorization ?? "";
  const claims = verify(header.replace(/^Bearer /, ""));
  return {
    pgSettings: { role: "lma_app", "app.organization_id": claims.org, "app.user_id": claims.sub },
  };
}

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [alive, communication],
  pgServices: [makePgService({ pool: new pg.Pool({ max: Number(process.env.PEERS_CONNECTIONS) }), schemas: ["public"] })],
  grafserv: { graphiql: false, outputDataAsString: true },
  grafast: process.env.ROW_SECURITY === "on" ? { context: asApplication } : {},
};

const server = createServer();
const instance = postgraphile(preset).createServ(grafserv);
await instance.addTo(server);
server.listen(Number(process.env.PEERS_PORT), "127.0.0.1");
