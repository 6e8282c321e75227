import { checkLastStart, checkProgram } from "./checks/command.js";
import { checkAccess, checkConfig } from "./checks/files.js";
import { checkFdStore, checkMemory, checkOpenFiles, checkSigterm, checkTimeouts } from "./checks/limits.js";
import { checkMetrics } from "./checks/metrics.js";
import { checkAsking, checkStalled } from "./checks/proof.js";
import { checkServer } from "./checks/server.js";
import { checkCommands, checkNonBlocking, checkSettings, checkWatchdog } from "./checks/settings.js";
import { checkShared } from "./checks/shared.js";
import {
  checkAccept,
  checkDown,
  checkKinds,
  checkListeners,
  checkPerSource,
  checkSocketFiles,
  checkTakenAddresses,
} from "./checks/sockets.js";
import {
  checkDynamicUser,
  checkNeedrestart,
  checkNode,
  checkPrivilege,
  checkReboot,
  checkSystemd,
} from "./checks/surroundings.js";
import type { Facts } from "./facts.js";
import type { Check, Finding } from "./finding.js";

const checks: readonly Check[] = [
  checkConfig,
  checkLastStart,
  checkProgram,
  checkServer,
  checkCommands,
  checkSettings,
  checkWatchdog,
  checkNonBlocking,
  checkFdStore,
  checkTimeouts,
  checkListeners,
  checkAccept,
  checkKinds,
  checkPerSource,
  checkSocketFiles,
  checkTakenAddresses,
  checkDown,
  checkMetrics,
  checkStalled,
  checkAsking,
  checkAccess,
  checkShared,
  checkOpenFiles,
  checkSigterm,
  checkMemory,
  checkDynamicUser,
  checkSystemd,
  checkNode,
  checkNeedrestart,
  checkReboot,
  checkPrivilege,
];

/** All that is to be said about an instance: problems first, each kind in the order of the checks. */
export function examine(facts: Facts): readonly Finding[] {
  const findings = checks.flatMap((check) => check(facts));
  const of = (level: Finding["level"]): Finding[] => findings.filter((finding) => finding.level === level);
  return [...of("problem"), ...of("note")];
}
