// The same as ES module, with the server made by hand and SIGTERM handled.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";

const version = readFileSync(new URL("version", import.meta.url), "ascii").trim();
const app = express();
app.set("etag", false);

app.use((_request, response, next) => {
  response.set("X-Version", version);
  next();
});
app.get("/", (_request, response) => response.send(`${version}\n`));
app.get("/slow", (request, response) => {
  setTimeout(() => response.send(`${version}\n`), Number(request.query.ms));
});

const server = createServer(app);
server.listen({ port: process.env.PORT, host: "0.0.0.0" });

process.on("SIGTERM", () => {
  server.close((error) => {
    console.log(error === undefined ? "closed" : `cannot close: ${error}`);
    process.exit(error === undefined ? 0 : 1);
  });
});
