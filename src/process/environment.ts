/** What systemd, Node or an outer Holdfast meant for the daemon alone. */
const daemonsOwn = [
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_PIDFDID",
  "LISTEN_FDNAMES",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "MAINPID",
  "MANAGERPID",
  "SYSTEMD_EXEC_PID",
  "FDSTORE",
  "MEMORY_PRESSURE_WATCH",
  "MEMORY_PRESSURE_WRITE",
  "NODE_CHANNEL_FD",
  "NODE_CHANNEL_SERIALIZATION_MODE",
];

/**
 * The environment of what the daemon starts: its own (the unit's Environment= and the like) without what was meant
 * for the daemon alone, then the config's. `npm_*` is left by `npm start` and says nothing to a service.
 */
export function buildEnvironment(
  own: Readonly<NodeJS.ProcessEnv>,
  configured: Readonly<Record<string, string>>,
  added: Readonly<Record<string, string>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [key, value] of Object.entries(own)) {
    if (value === undefined || daemonsOwn.includes(key)) continue;
    if (key.startsWith("HOLDFAST_") || key.startsWith("npm_")) continue;
    environment[key] = value;
  }
  return { ...environment, ...configured, ...added };
}
