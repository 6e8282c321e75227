import type { ServerHttp2Stream } from "node:http2";

/** gRPC's UNAVAILABLE: "most likely a transient condition", which clients may retry. */
const trailers = { "grpc-status": "14", "grpc-message": "the server restarts" };

/** Whether it is a gRPC call that has begun to answer: it may go on for as long as its app likes. */
export function isGrpcStream({ sentHeaders, writableEnded, closed }: ServerHttp2Stream): boolean {
  if (sentHeaders === undefined || writableEnded || closed) return false;
  return /^application\/grpc\b/.test(String(sentHeaders["content-type"]));
}

/** Ends a call with a status, as its app would have. What the app still writes is lost. */
export function endGrpcStream(stream: ServerHttp2Stream): void {
  if (!isGrpcStream(stream)) return;
  // Comes where the app has answered with `waitForTrailers`, as gRPC's own status needs it.
  stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
  for (const name of ["write", "end"]) Reflect.set(stream, name, ignore);
}

/** In the place of a stream's `write` and `end`, whose callbacks come last. */
function ignore(...args: readonly unknown[]): boolean {
  const callback = args.at(-1);
  if (typeof callback === "function") process.nextTick(callback);
  return false;
}
