/** `npm run test:fuzz`. */
import { playRounds } from "../harness/seeded-rounds.mjs";

playRounds("fuzz", "test/fuzz/fuzz.test.ts");
