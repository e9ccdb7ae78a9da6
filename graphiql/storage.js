// What GraphiQL remembers between visits: tabs, history and layout, never a header.
const PREFIX = 'lma-graph:';
const HISTORY = /:(queries|favorites)$/;

// GraphiQL drops headers from stored tabs, but its history would keep them, and with them the token.
function withoutHeaders(json) {
  return JSON.stringify(JSON.parse(json), (key, value) => (key === 'headers' ? undefined : value));
}

// The prefix keeps apart what another GraphiQL stored under the same origin, such as another project's
// on 127.0.0.1:8000; without it a first visit would open with that project's tabs.
export function browserStorage(store) {
  const own = () => Object.keys(store).filter((key) => key.startsWith(PREFIX));
  return {
    getItem: (key) => store.getItem(PREFIX + key),
    setItem: (key, value) => store.setItem(PREFIX + key, HISTORY.test(key) ? withoutHeaders(value) : value),
    removeItem: (key) => store.removeItem(PREFIX + key),
    clear: () => own().forEach((key) => store.removeItem(key)),
    get length() {
      return own().length;
    },
  };
}
