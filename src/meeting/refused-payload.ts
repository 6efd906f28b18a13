/**
 * Stands where a payload would, when the gateway would not take the payload in. No client can send one.
 */
export class RefusedPayload {
  readonly code: "binary_refused" | "too_large";

  constructor(code: RefusedPayload["code"]) {
    this.code = code;
  }
}
