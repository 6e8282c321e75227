import { parseArgs } from "node:util";
import { type Directories, isInstanceName, resolveDirectories } from "../lib/directories.js";
import { type Failure, fail, messageOf, type Result, succeed } from "../lib/failure.js";

export interface DaemonOptions {
  readonly name: string;
  readonly configFile: string;
  readonly directories: Directories;
  readonly logFile: string | undefined;
  /** Also under a service manager it is this process that starts the next one. */
  readonly exec: boolean;
  /** The takeover socket of a daemon whose place this one is to take. */
  readonly takeover: string | undefined;
}

export const daemonUsage = `Usage: holdfastd --name NAME [--config FILE] [--runtime-dir DIR]
    [--state-dir DIR] [--log-file FILE] [--exec] [--takeover SOCKET]

  --name NAME         the service; its config is /etc/holdfast/NAME.toml
  --config FILE       another config
  --runtime-dir DIR   control and notify sockets (else $RUNTIME_DIRECTORY, else
                      /run/holdfast/NAME for root)
  --state-dir DIR     state file and ledger (else $STATE_DIRECTORY, else
                      /var/lib/holdfast/NAME for root)
  --log-file FILE     log to a file, opened again at SIGUSR1, and not to stderr
  --exec              replace itself at \`holdfast reexec\` also where a service
                      manager could (it always does without one)
  --takeover SOCKET   take over from the daemon that listens there, at
                      takeover.sock in its runtime directory
  -h, --help          this text`;

export function parseDaemonOptions(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Result<DaemonOptions, Failure<"usage">> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        name: { type: "string" },
        config: { type: "string" },
        "runtime-dir": { type: "string" },
        "state-dir": { type: "string" },
        "log-file": { type: "string" },
        exec: { type: "boolean", default: false },
        takeover: { type: "string" },
      },
    });
    const { name } = values;
    if (name === undefined) return fail("usage", "--name is missing");
    if (!isInstanceName(name)) {
      return fail("usage", `--name ${name}: letters, digits, "_", "." and "-" only, at most 64`);
    }
    const found = resolveDirectories({ name, env, uid: process.getuid?.() ?? 0 });
    return succeed({
      name,
      configFile: values.config ?? `/etc/holdfast/${name}.toml`,
      directories: {
        runtime: values["runtime-dir"] ?? found.runtime,
        state: values["state-dir"] ?? found.state,
      },
      logFile: values["log-file"],
      exec: values.exec,
      takeover: values.takeover,
    });
  } catch (error) {
    return fail("usage", messageOf(error));
  }
}
