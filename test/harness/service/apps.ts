export type App = "gunicorn" | "gunicorn-threads" | "puma" | "node" | NativeApp | FlawedApp;

/** With the library, `express` by way of the preload; each is told its port. */
export type NativeApp = "express" | "counter" | "chat" | "lines" | "torture";

/** test/apps/flawed: bad only after it was ready. gunicorn runs without `--preload`, so it is ready before its import. */
export type FlawedApp = "flawed-gunicorn" | "flawed-plain" | "flawed-native";

/**
 * Beside its version: what makes an app bad (`crash-at-boot`, `never-ready`, `sick`, `refuse-state`, another `server.js`) or slow
 * (`boot-ms`, the text says how slow; `boot-until`, the text names a file). test/apps/flawed/flaws.js tells those of the flawed ones.
 */
export type Flaws = Partial<Record<BootFlaw | LaterFlaw, string>>;
type BootFlaw =
  | "crash-at-boot"
  | "never-ready"
  | "boot-ms"
  | "boot-until"
  | "sick"
  | "refuse-state"
  | "server.js";
type LaterFlaw = "never-accepts" | "other-port" | "fails" | "dies-at" | "slow-ms" | "import-fails";

// --preload: READY=1 then says that the app has been imported.
const GUNICORN = ["gunicorn", "--preload", "--graceful-timeout", "30"];

/** Of each its folder in test/apps, and what runs it there. */
export const APPS: Record<App, { readonly folder: string; readonly command: readonly string[] }> = {
  gunicorn: { folder: "wsgi", command: [...GUNICORN, "--workers", "2", "app:app"] },
  "gunicorn-threads": {
    folder: "wsgi",
    command: [...GUNICORN, "--threads", "4", "--keep-alive", "75", "app:app"],
  },
  puma: { folder: "rack", command: ["puma"] },
  node: { folder: "plain", command: ["/usr/bin/node", "server.js"] },
  express: { folder: "express", command: ["/usr/bin/node", "--import", "holdfast/register", "server.js"] },
  counter: { folder: "counter", command: ["/usr/bin/node", "server.js"] },
  chat: { folder: "chat", command: ["/usr/bin/node", "server.js"] },
  lines: { folder: "lines", command: ["/usr/bin/node", "server.js"] },
  torture: { folder: "torture", command: ["/usr/bin/node", "server.js"] },
  "flawed-gunicorn": { folder: "flawed", command: ["gunicorn", "--workers", "2", "app:app"] },
  "flawed-plain": { folder: "flawed", command: ["/usr/bin/node", "plain.js"] },
  "flawed-native": { folder: "flawed", command: ["/usr/bin/node", "native.mjs"] },
};
