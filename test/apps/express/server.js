// An Express app as anybody would write it.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const express = require("express");

const version = readFileSync(join(__dirname, "version"), "ascii").trim();
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

app.listen(Number(process.env.PORT), () => console.log("listening"));
