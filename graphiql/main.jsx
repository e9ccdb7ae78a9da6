// The page's program: reads what the server wrote into the page and shows GraphiQL with it.
import 'graphiql/style.css';
import '@graphiql/plugin-explorer/style.css';
import './page.css';

import { explorerPlugin } from '@graphiql/plugin-explorer';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createRoot } from 'react-dom/client';

import { browserStorage } from './storage.js';

const { endpoint, headers, tabs, workers } = JSON.parse(document.getElementById('explorer-config').textContent);

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(workers[label] ?? workers.editor, { type: 'module' }),
};

const NO_TOKEN = `{
  // A token is needed, for example from: lma-graph token
  // "Authorization": "Bearer …"
}`;

const url = new URL(endpoint, location.href);
const send = createGraphiQLFetcher({
  url: url.href,
  subscriptionUrl: url.href.replace(/^http/, 'ws'),
  enableIncrementalDelivery: false,
});

// GraphiQL learns an operation's name a moment after the text changes; just after a change of tabs it would
// name the other tab's operation, which this document does not have.
const ownName = ({ query, operationName }) =>
  new RegExp(`\\b(query|mutation|subscription)\\s+${operationName}\\b`).test(query) ? operationName : undefined;

// An empty headers editor means the page's own headers: the schema is fetched before that editor exists, and
// the history empties it. Whoever wants to send none writes `{}` there.
const fetcher = (request, options) =>
  send(
    { ...request, operationName: ownName(request) },
    { ...options, headers: options?.headers ?? headers ?? {} },
  );

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    storage={browserStorage(localStorage)}
    plugins={[HISTORY_PLUGIN, explorerPlugin({ showAttribution: false })]}
    defaultTabs={tabs}
    defaultHeaders={headers ? JSON.stringify(headers, null, 2) : NO_TOKEN}
    defaultQuery=""
    defaultEditorToolsVisibility={headers ? 'variables' : 'headers'}
    shouldPersistHeaders={false}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>LMA Graph</GraphiQL.Logo>
  </GraphiQL>,
);
