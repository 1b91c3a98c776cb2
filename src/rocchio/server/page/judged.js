// Queries and judgements as people have them in files.

function lines(text) {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith("query-id"));
}

function wrong(expected, found) {
  return Object.assign(new Error(`expected ${expected}, found ${found.slice(0, 80) || "nothing"}`), { title: "cannot read this" });
}

/** {id: text} of JSON Lines (_id, text) or of lines id, tab, text. */
export function readQueries(text) {
  const queries = {};
  for (const line of lines(text)) {
    if (line.startsWith("{")) {
      try {
        const { _id, id, query_id, text: words } = JSON.parse(line);
        queries[String(_id ?? query_id ?? id)] = words;
      } catch {
        throw wrong("a line of JSON with _id and text", line);
      }
    } else {
      const [id, words] = line.split("\t");
      if (!words) throw wrong("a query as id, tab, text", line);
      queries[id] = words;
    }
  }
  if (!Object.keys(queries).length) throw wrong("queries", "");
  return queries;
}

/** {query: {document: grade}} of lines of three or, in TREC's form, four columns. */
export function readQrels(text) {
  const qrels = {};
  for (const line of lines(text)) {
    const columns = line.includes("\t") ? line.split("\t") : line.split(/\s+/);
    const [query, document, grade] = columns.length === 4 ? [columns[0], columns[2], columns[3]] : columns;
    if (!document || !Number.isInteger(Number(grade))) throw wrong("a judgement as query, document, grade", line);
    (qrels[query] ??= {})[document] = Number(grade);
  }
  if (!Object.keys(qrels).length) throw wrong("judgements", "");
  return qrels;
}
