/** Where a daemon of this name and its CLI meet, and where its facts are. */
export interface Directories {
  /** Gone after a reboot: the control socket and the notify sockets. */
  readonly runtime: string;
  /** Kept: state file, ledger, what the app saves. */
  readonly state: string;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/**
 * Both directories of an instance. Those that systemd made come first (`$RUNTIME_DIRECTORY`, `$STATE_DIRECTORY`:
 * systemd.exec(5)), then the system's for root, then those of the XDG base directories for other users.
 */
export function resolveDirectories(instance: Surroundings & { readonly name: string }): Directories {
  const { name, env, uid } = instance;
  return {
    runtime: firstOf(env["RUNTIME_DIRECTORY"]) ?? `${ownRuntimeBase(env, uid)}/${name}`,
    state: firstOf(env["STATE_DIRECTORY"]) ?? `${ownStateBase(env, uid)}/${name}`,
  };
}

/** Directories that hold one runtime directory an instance, in the order in which a client looks into them. */
export function runtimeBases({ env, uid }: Surroundings): readonly string[] {
  const bases = ["/run/holdfast"];
  if (uid === 0) return bases;
  if (isAbsolute(env["XDG_RUNTIME_DIR"])) bases.push(`${env["XDG_RUNTIME_DIR"]}/holdfast`);
  return [...bases, temporaryBase(uid)];
}

/** The folder of a user's own in /tmp or /var/tmp that a directory of `resolveDirectories` is in, if so: anybody may have made it before. */
export function temporaryBaseOf(directory: string): string | undefined {
  return /^(?:\/var)?\/tmp\/holdfast-\d+(?=\/)/.exec(directory)?.[0];
}

/** Where `resolveDirectories` puts the state of all instances whose directories systemd has not made. */
export function stateBase({ env, uid }: Surroundings): string {
  return ownStateBase(env, uid);
}

/** The name under which a daemon listens for its CLI, in its runtime directory. */
export function controlSocketIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/control.sock`;
}

/** Where the workers keep the app's state. No two services share it, whatever they are called. */
export function appDirectoryIn(stateDirectory: string): string {
  return `${stateDirectory}/app`;
}

/** Where another daemon asks for this one's place. */
export function takeoverSocketIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/takeover.sock`;
}

/**
 * That file says that the service manager is restarting the service: made by ExecStopPost= for a daemon that ended before it could
 * write that down itself, and read by the next.
 */
export function restartMarkIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/restart`;
}

/** That file, made by ExecReload= before it sends SIGHUP, says that a command follows which asks how this reload has ended. */
export function reloadMarkIn(runtimeDirectory: string): string {
  return `${runtimeDirectory}/reload`;
}

/** Whether a name is fit for file names and for the instance part of a unit's name as it is: systemd.unit(5). */
export function isInstanceName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name);
}

function ownRuntimeBase(env: Surroundings["env"], uid: number): string {
  if (uid === 0) return "/run/holdfast";
  return isAbsolute(env["XDG_RUNTIME_DIR"]) ? `${env["XDG_RUNTIME_DIR"]}/holdfast` : temporaryBase(uid);
}

function ownStateBase(env: Surroundings["env"], uid: number): string {
  if (uid === 0) return "/var/lib/holdfast";
  if (isAbsolute(env["XDG_STATE_HOME"])) return `${env["XDG_STATE_HOME"]}/holdfast`;
  return isAbsolute(env["HOME"]) ? `${env["HOME"]}/.local/state/holdfast` : `/var${temporaryBase(uid)}`;
}

function temporaryBase(uid: number): string {
  return `/tmp/holdfast-${uid}`;
}

/** The XDG base directory specification has relative paths ignored. */
function isAbsolute(path: string | undefined): path is string {
  return path?.startsWith("/") ?? false;
}

/** systemd separates several directories by colons. */
export function firstOf(list: string | undefined): string | undefined {
  const first = list?.split(":")[0];
  return first === "" ? undefined : first;
}
