import { type Address, formatAddress } from "../lib/address.js";
import type { DrainSignal } from "../lib/drain-signals.js";
import { readProgram } from "./programs.js";

/** A program that serves from sockets that it is passed: docs/recipes.md has each of them. */
interface Server {
  /** `sometimes`: in some builds or versions, or where it is told to. */
  readonly saysReady: "always" | "sometimes" | "never";
  /** What has to tell it to take the sockets, where nothing else does; without it, it opens ports of its own. */
  readonly told?: Words | Variable;
  /** By which signal it drains, where SIGTERM makes it cut what it is answering; `none`: nothing makes it drain. */
  readonly drain?: DrainSignal | "none";
  /** It waits in a blocking accept(2): where the listener does not block, its processes end at once, one after the other. */
  readonly blocks?: true;
}

interface Words {
  readonly words: readonly string[];
  /** What such a word looks like. */
  readonly like: RegExp;
}

interface Variable {
  readonly variable: string;
  readonly value: (addresses: readonly Address[]) => string;
}

export const servers: Readonly<Record<string, Server>> = {
  caddy: { saysReady: "always" },
  daphne: { saysReady: "never", told: { words: ["--fd", "3"], like: /^(--fd|-f$)/ }, drain: "none" },
  gunicorn: { saysReady: "always" },
  haproxy: { saysReady: "sometimes", drain: "SIGUSR1" },
  hypercorn: { saysReady: "never", told: { words: ["--bind", "fd://3"], like: /fd:\/\// } },
  nginx: {
    saysReady: "never",
    told: { variable: "NGINX", value: (addresses) => addresses.map((_, at) => `${3 + at};`).join("") },
    drain: "SIGQUIT",
  },
  "php-fpm": {
    saysReady: "sometimes",
    told: {
      variable: "FPM_SOCKETS",
      value: (addresses) => addresses.map((one, at) => `${pathOrAddress(one)}=${3 + at}`).join(","),
    },
    drain: "SIGQUIT",
    blocks: true,
  },
  puma: { saysReady: "sometimes" },
  unicorn: { saysReady: "never", drain: "SIGQUIT" },
  uvicorn: { saysReady: "never", told: { words: ["--fd", "3"], like: /^--fd(=|$)/ } },
};

function pathOrAddress(address: Address): string {
  return address.kind === "unix" ? address.path : formatAddress(address);
}

/** They open ports of their own, and cannot be told otherwise. */
export const selfBound: readonly string[] = ["apache2", "granian", "httpd", "thin", "waitress-serve"];

/** The server that an argv starts; undefined for one of which nothing is known. */
export function findServer(argv: readonly string[]): Server | undefined {
  const name = nameOfProgram(argv);
  return Object.hasOwn(servers, name) ? servers[name] : undefined;
}

export function isSelfBound(argv: readonly string[]): boolean {
  return selfBound.includes(nameOfProgram(argv));
}

/** Debian has the version in the name: php-fpm8.4. */
function nameOfProgram(argv: readonly string[]): string {
  return readProgram(argv).program.replace(/^php-fpm[\d.]+$/, "php-fpm");
}

interface Command {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The same command, told to take the sockets at these addresses; undefined where it does so, or has been told already. */
export function tellOfSockets(
  { argv, environment }: Command,
  addresses: readonly Address[],
): Command | undefined {
  const told = findServer(argv)?.told;
  if (told === undefined) return undefined;
  if ("words" in told) {
    return argv.some((word) => told.like.test(word))
      ? undefined
      : { argv: [...argv, ...told.words], environment };
  }
  const { variable, value } = told;
  const set = argv.some((word) => word.startsWith(`${variable}=`)) || Object.hasOwn(environment, variable);
  return set ? undefined : { argv, environment: { ...environment, [variable]: value(addresses) } };
}
