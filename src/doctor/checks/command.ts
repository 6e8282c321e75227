import {
  endsInExec,
  importCheck,
  inlineScript,
  isShell,
  isWrapper,
  readProgram,
  withPreload,
} from "../../config/programs.js";
import { type Check, type Finding, note, problem, type Remedy } from "../finding.js";

/** What is known of the program that the command starts. */
export const checkProgram: Check = ({ config, configFile, source }) => {
  if (!config.ok) return [];
  const { command, check } = config.value.plan;
  const { program } = readProgram(command);
  const findings: Finding[] = [];
  const write = (...lines: readonly string[]): Remedy => ({ where: configFile, lines });
  const importing = check === null ? importCheck(command) : undefined;
  if (importing !== undefined) {
    const message =
      "gunicorn says READY=1 before a worker has imported the app: a version whose import fails is found out in its trial only";
    const line = `check = ${JSON.stringify(importing)} # or --preload in the command`;
    findings.push(note("imports-late", message, write(line)));
  }
  if (isWrapper(command)) {
    const message = `${program} starts the app as its child and stays between it and the daemon: SIGTERM and READY=1 go through it`;
    const line = 'command = ["node", "server.js"] # what the script in package.json runs';
    findings.push(note("wrapped", message, write(line)));
  }
  const script =
    inlineScript(command) ?? (isShell(command) || source?.text.startsWith("#!") ? source?.text : undefined);
  if (script !== undefined && !endsInExec(script)) {
    const message =
      "the command is a shell script that does not end in exec: the shell gets the SIGTERM that is meant for the app";
    findings.push(note("no-exec", message, write("exec node server.js # as the script's last line")));
  }
  const preloaded = withPreload(command, source?.text ?? "");
  if (preloaded !== undefined) {
    const message = `${source?.path} listens on a port of its own, and not at the socket that it is passed`;
    findings.push(problem("no-preload", message, write(`command = ${JSON.stringify(preloaded)}`)));
  }
  return findings;
};

/** What the daemon said last, where it is not there to be asked. */
export const checkLastStart: Check = ({ unit, report }) => {
  const said = unit.properties.get("StatusText") ?? "";
  const failed = (unit.properties.get("Result") ?? "success") !== "success";
  if (report !== null || !failed || said === "") return [];
  return [
    problem("last-start", `the last start failed: ${said}`, {
      where: `journalctl -u ${unit.name} -n 50`,
      lines: [],
    }),
  ];
};
