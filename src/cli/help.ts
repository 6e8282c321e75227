import { commands } from "./commands.js";

/** The text of `holdfast help`. */
export function helpText(): string {
  const lines = Object.entries(commands).map(([name, { options, summary }]) => {
    const synopsis = [
      name,
      ...options.map((option) => `[--${option}${option === "timeout" ? " TIME" : ""}]`),
    ];
    return `  ${synopsis.join(" ").padEnd(38)}${summary}`;
  });
  return `Usage: holdfast [-n NAME | --socket PATH] COMMAND

Commands:
${lines.join("\n")}

Options:
  -n, --name NAME   the instance; not needed where only one runs
  --socket PATH     its control socket, wherever it is
  --json            for programs: one JSON text (status) or one a line (events)
  --timeout TIME    wait no longer than this, as in 30s or 1m 30s; what was asked for goes on
  --no-wait         ask, and do not wait for the end

Exit status: 0 done, 1 failed, 2 usage, 3 not running, 4 degraded (it serves, but something needs care).
`;
}
