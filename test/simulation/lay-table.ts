/** A table of Markdown; all columns but the first are numbers, unless told how many are words. */
export function layTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words = head.findIndex((_, column) => rows.every((row) => /^[\d<]/.test(row[column] ?? ""))),
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < Math.max(1, words) ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
