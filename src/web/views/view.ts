/** A part of the page that is put in, and taken out again with everything that it listens to. */
export interface View {
  readonly element: HTMLElement;
  dispose(): void;
}
