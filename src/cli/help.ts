import { commands, type OptionName } from "./commands.js";

/** The text of `holdfast help`. */
export function helpText(): string {
  const lines = Object.entries(commands).map(([name, { argument = "", options, program, summary }]) => {
    const synopsis = [name, argument, ...options.map(write), program ? "-- COMMAND …" : ""].filter(Boolean);
    const text = `  ${synopsis.join(" ")}`;
    return text.length < column
      ? `${text.padEnd(column)}${summary}`
      : `${text}\n${" ".repeat(column)}${summary}`;
  });
  return `Usage: holdfast [-n NAME | --socket PATH] COMMAND

Commands:
${lines.join("\n")}

Options:
  -n, --name NAME   the instance; not needed where only one runs
  --socket PATH     its control socket, wherever it is
  --json            for programs: one JSON text (status, history, doctor) or one a line (events)
  --timeout TIME    wait no longer than this, as in 30s or 1m 30s; what was asked for goes on
  --no-wait         ask, and do not wait for the end
  --listen [NAME=]ADDRESS
                    127.0.0.1:8080, [::]:8080, unix:/run/web.sock, udp:127.0.0.1:53; may be repeated. NAME: http
  --release DIR     the directory of the code; the present one unless given
  --workers N       how many processes, or "auto": one per core
  --no-socket       no socket unit: the daemon listens by itself

Exit status: 0 done, 1 failed or findings, 2 usage, 3 not running or no such instance,
4 degraded (it serves, but something needs care).
`;
}

const column = 40;

const placeholders: Partial<Record<OptionName, string>> = {
  timeout: " TIME",
  listen: " …",
  release: " DIR",
  workers: " N",
};

function write(option: OptionName): string {
  return `[--${option}${placeholders[option] ?? ""}]`;
}
