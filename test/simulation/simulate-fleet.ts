/** `npm run simulate -- fleet [SEED]`: prints the tables of docs/fleet.md. */
import { fleetTables } from "./fleet/tables.js";

const [, , , seed = "1"] = process.argv;
for (const [caption, table] of fleetTables(Number(seed))) console.log(`${caption}\n\n${table}\n`);
