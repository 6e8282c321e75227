import { libc, orThrow } from "../../../src/linux/ffi.js";

const SHUT_RDWR = 2;
const shutdown = libc<[fd: number, how: number]>("int shutdown(int, int)");

/** Ends a listening socket for every process that has it, as some servers do at SIGTERM. shutdown(2). */
export function shutDown(fd: number): void {
  orThrow(`shut down socket ${fd}`, shutdown(fd, SHUT_RDWR));
}
