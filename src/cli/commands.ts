import type { Command } from "./command.js";
import { adoptListenerCommand } from "./commands/adopt-listener.js";
import { changesCommand } from "./commands/changes.js";
import { commitCommand } from "./commands/commit.js";
import { doctorCommand } from "./commands/doctor.js";
import { drainCommand } from "./commands/drain.js";
import { eventsCommand } from "./commands/events.js";
import { helpCommand } from "./commands/help.js";
import { historyCommand } from "./commands/history.js";
import { initCommand } from "./commands/init.js";
import { listCommand } from "./commands/list.js";
import { logsCommand } from "./commands/logs.js";
import { reapCommand } from "./commands/reap.js";
import { reexecCommand } from "./commands/reexec.js";
import { rollbackCommand } from "./commands/rollback.js";
import { statusCommand } from "./commands/status.js";
import { stopCommand } from "./commands/stop.js";
import { upgradeCommand } from "./commands/upgrade.js";
import { versionCommand } from "./commands/version.js";
import { webCommand } from "./commands/web.js";
import { webTokenCommand } from "./commands/web-token.js";

/** Every command, in the order of the help text. */
export const commands: readonly Command[] = [
  initCommand,
  doctorCommand,
  listCommand,
  statusCommand,
  changesCommand,
  upgradeCommand,
  commitCommand,
  rollbackCommand,
  reexecCommand,
  drainCommand,
  stopCommand,
  eventsCommand,
  historyCommand,
  logsCommand,
  reapCommand,
  adoptListenerCommand,
  webCommand,
  webTokenCommand,
  versionCommand,
  helpCommand,
];
