import { constants, endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import { HoldfastError } from "../lib/failure.js";
import type { SystemReason } from "../lib/reasons.js";

type Argument = number | bigint | string | Buffer | null;

/** Architectures with the kernel's generic socket constants; mips, sparc and powerpc number them otherwise. */
const architectures: readonly string[] = ["x64", "arm64", "riscv64", "loong64"];

let library: ReturnType<typeof koffi.load> | undefined;

function bind(prototype: string) {
  if (process.platform !== "linux" || endianness() !== "LE" || !architectures.includes(process.arch)) {
    throw new HoldfastError(
      "unsupported-platform",
      `cannot call the kernel: Holdfast runs on little-endian 64-bit Linux, this is ${process.platform} ${process.arch}`,
    );
  }
  library ??= koffi.load(null);
  return library.func(prototype);
}

/**
 * A function of the libc that Node itself runs on, bound at its first call. It returns what C returns, and minus
 * errno where C returns -1 (read at once, before anything else can change it). EINTR is retried.
 * A variadic C function is declared with the fixed arguments of the call at hand.
 */
export function libc<Arguments extends readonly Argument[]>(
  prototype: string,
): (...args: Arguments) => number {
  let bound: ReturnType<typeof bind> | undefined;
  return (...args) => {
    bound ??= bind(prototype);
    for (;;) {
      const result = Number(bound(...args));
      if (result !== -1) return result;
      const errno = koffi.errno();
      if (errno !== constants.errno.EINTR) return -errno;
    }
  };
}

/** The same on a thread, for what may take long. */
export function libcLater<Arguments extends readonly Argument[]>(
  prototype: string,
): (...args: Arguments) => Promise<number> {
  let bound: ReturnType<typeof bind> | undefined;
  return (...args) => {
    bound ??= bind(prototype);
    const { async: call } = bound;
    return new Promise((resolve, reject) => {
      call(...args, (error: Error | null, result: unknown) => {
        if (error !== null) reject(error);
        else resolve(Number(result) === -1 ? -koffi.errno() : Number(result));
      });
    });
  };
}

/** The name of a negative errno, like `EADDRINUSE`; a number libuv has no name for stays a number. */
export function errorName(result: number): SystemReason {
  const name = getSystemErrorName(result);
  return isErrno(name) ? name : `errno ${-result}`;
}

function isErrno(name: string): name is `E${string}` {
  return name.startsWith("E");
}

/** The error to throw for a negative result: `code` is the errno's name, the message "cannot <verb> …: <name>". */
export function systemCallFailed(what: string, result: number): HoldfastError {
  const name = errorName(result);
  return new HoldfastError(name, `cannot ${what}: ${name}`);
}

/** The result itself, or {@link systemCallFailed} thrown. */
export function orThrow(what: string, result: number): number {
  if (result < 0) throw systemCallFailed(what, result);
  return result;
}
