/** Under the names by which the fuzzer asks for them. */
export { jwtSecret as secret, tokenOf } from "../../harness/tokens.js";
