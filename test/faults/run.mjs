/** `npm run test:faults`. */
import { playRounds } from "../harness/seeded-rounds.mjs";

playRounds("faults", "test/faults/faults.test.ts");
