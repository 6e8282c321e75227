// A native worker, but for its flaws; one that misses its listener never calls the library.
import { serve } from "holdfast";
import flaws from "./flaws.js";

if (!flaws.missesItsListener(flaws.server)) await serve(flaws.server, { listener: "http" });
