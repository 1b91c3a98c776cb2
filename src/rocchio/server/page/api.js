// The server's routes. The key stays in this tab's session storage.

const KEY = "rocchio.key";
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};

/** An RFC 9457 problem, or that there was no answer at all. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? "the server did not answer");
    this.status = status;
    this.title = body.title ?? "no answer";
    this.instance = body.instance ?? "";
  }
}

let needKey = () => {};
export const whenKeyIsNeeded = (action) => (needKey = action);

async function ask(path, { body, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (key.get()) headers.authorization = `Bearer ${key.get()}`;
  const options = { method: body === undefined ? "GET" : "POST", headers, signal };
  if (body !== undefined) options.body = JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { title: "no answer", detail: "the server cannot be reached; is it running?" });
  }
  if (answer.ok) return answer.json();
  const problem = new Problem(answer.status, await answer.json().catch(() => ({})));
  if (answer.status === 401) needKey();
  throw problem;
}

const of = (name) => `/collections/${encodeURIComponent(name)}`;

export const api = {
  collections: () => ask("/collections"),
  about: (name) => ask(of(name)),
  ready: () => ask("/readyz"),
  verify: (name) => ask(`${of(name)}/verify`, { body: {} }),
  document: (name, id) => ask(`${of(name)}/documents/${id.split("/").map(encodeURIComponent).join("/")}`),
  search: (name, body, signal) => ask(`${of(name)}/search`, { body, signal }),
  facets: (name, body, signal) => ask(`${of(name)}/facets`, { body, signal }),
  refine: (name, body, signal) => ask(`${of(name)}/refine`, { body, signal }),
  map: (name, body, signal) => ask(`${of(name)}/map`, { body, signal }),
  experiment: (name, body, signal) => ask(`${of(name)}/experiments`, { body, signal }),
};

/** One request at a time: a new one aborts the one before, whose answer is undefined. */
export function latest() {
  let running = null;
  return async (start) => {
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const answer = await start(mine.signal);
      return mine === running ? answer : undefined;
    } catch (error) {
      if (error.name === "AbortError" || mine !== running) return undefined;
      throw error;
    }
  };
}
