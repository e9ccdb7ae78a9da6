// Bundles the page into a folder: `node build.mjs FOLDER STAMP`. Called by build.py, which says why and when.
// Every file's name carries a hash of its content; manifest.json, written last, says which is which.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const [folder, stamp] = argv.slice(2);

// GraphiQL's style sheet carries its fonts as data: URLs. As files they are fetched only when used, and the
// page's policy needs no `font-src data:`.
const fontsAsFiles = {
  name: 'fonts-as-files',
  setup({ onResolve, onLoad }) {
    const fonts = new Map();
    onResolve({ filter: /^data:font\// }, ({ path: url }) => {
      const path = `font-${createHash('sha256').update(url).digest('hex').slice(0, 8)}.${/^data:font\/(\w+)/.exec(url)[1]}`;
      fonts.set(path, Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
      return { path, namespace: 'font' };
    });
    onLoad({ filter: /.*/, namespace: 'font' }, ({ path }) => ({ contents: fonts.get(path), loader: 'file' }));
  },
};

// GraphiQL's style sheet already holds all of Monaco's; a style sheet of a chunk loaded later would not be used.
const noSecondMonacoStyles = {
  name: 'no-second-monaco-styles',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]monaco-editor[/\\].*\.css$/ }, () => ({ contents: '', loader: 'css' }));
  },
};

const common = {
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  outdir: folder,
  entryNames: '[name]-[hash]',
  chunkNames: 'chunk-[hash]',
  assetNames: '[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.USE_IMPORT': '"true"' },
  legalComments: 'linked',
  logLevel: 'warning',
};

const page = await build({
  ...common,
  entryPoints: { page: 'main.jsx', favicon: 'favicon.svg' },
  loader: { '.svg': 'copy' },
  jsx: 'automatic',
  splitting: true,
  plugins: [fontsAsFiles, noSecondMonacoStyles],
});
const workers = await build({
  ...common,
  entryPoints: {
    editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
    json: 'monaco-editor/esm/vs/language/json/json.worker.js',
    graphql: 'monaco-graphql/esm/graphql.worker.js',
  },
});

const entries = ({ metafile }) =>
  Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint).map(([path]) => basename(path));
const named = (names, pattern) => names.find((name) => pattern.test(name));

const pageFiles = Object.keys(page.metafile.outputs).map((path) => basename(path));
const workerFiles = entries(workers);
const files = {};
for (const name of readdirSync(folder).sort()) {
  const plain = readFileSync(join(folder, name));
  const packed = gzipSync(plain, { level: 9 });
  files[name] = packed.length < plain.length * 0.9;
  if (files[name]) writeFileSync(join(folder, `${name}.gz`), packed);
}
const manifest = {
  stamp,
  script: named(pageFiles, /^page-.*\.js$/),
  style: named(pageFiles, /^page-.*\.css$/),
  icon: named(pageFiles, /^favicon-.*\.svg$/),
  workers: Object.fromEntries(
    ['editor', 'json', 'graphql'].map((label) => [label, named(workerFiles, new RegExp(`^${label}-`))]),
  ),
  files, // name: whether there is a gzipped twin beside it
};
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
