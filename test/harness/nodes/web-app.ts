import { createServer } from "node:http";
import { serve } from "../../../src/worker/index.js";

/*
 * A native worker that says which Node runs it, and in which generation; `/slow?ms=N` is answered after so long.
 */

const version = `${process.version}/${process.env["HOLDFAST_GENERATION"]}`;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { searchParams } = new URL(request.url ?? "/", "http://test");
  setTimeout(
    () => {
      response.setHeader("X-Version", version);
      response.end(version);
    },
    Number(searchParams.get("ms")),
  );
});
await serve(server, { listener: "http" });
