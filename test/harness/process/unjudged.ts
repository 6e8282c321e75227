/** The tables of a config without trial and probation: a test of something else is not to wait for them. */
export const unjudgedTables = '[trial]\ntime = "0s"\n[probation]\ntime = "0s"\n';

/** The config with those of the tables that it does not have itself. */
export function withoutJudges(config: string): string {
  const missing = unjudgedTables
    .split(/(?=^\[)/m)
    .filter((table) => !config.includes(table.slice(0, table.indexOf("]") + 1)));
  return `${config.replace(/\n?$/, "\n")}${missing.join("")}`;
}
