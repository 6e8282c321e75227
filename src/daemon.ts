#!/usr/bin/env node
import { runDaemon } from "./daemon/run-daemon.js";

await runDaemon(process.argv.slice(2));
