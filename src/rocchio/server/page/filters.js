// Facets that were chosen, as the text of a filter.

const quoted = (text) => `'${String(text).replaceAll("'", "''")}'`;
const literal = (value) => (typeof value === "string" ? quoted(value) : String(value).toUpperCase());

/** The text of a filter, undefined if nothing is chosen. */
export function where(chosen, line) {
  const parts = Object.entries(chosen).map(([field, { values, low, high }]) =>
    values ? (values.length > 1 ? `${field} IN (${values.map(literal).join(", ")})` : `${field} = ${literal(values[0])}`)
      : `${field} >= ${literal(low)} AND ${field} < ${literal(high)}`);
  if (line.trim()) parts.push(parts.length ? `(${line})` : line);
  return parts.length ? parts.join(" AND ") : undefined;
}

export const isChosen = (chosen, field, value) => chosen[field]?.values?.includes(value) ?? false;

export const isRange = (chosen, field, range) =>
  chosen[field]?.low === range.low && chosen[field]?.high === range.high;

export function toggle(chosen, field, value) {
  const before = chosen[field]?.values ?? [];
  const values = before.includes(value) ? before.filter((each) => each !== value) : [...before, value];
  if (values.length) chosen[field] = { values };
  else delete chosen[field];
}

export function toggleRange(chosen, field, { low, high }) {
  if (isRange(chosen, field, { low, high })) delete chosen[field];
  else chosen[field] = { low, high };
}
