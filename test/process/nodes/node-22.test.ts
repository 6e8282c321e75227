import { declareOnNode } from "../../harness/nodes/on-node.js";

declareOnNode(22);
