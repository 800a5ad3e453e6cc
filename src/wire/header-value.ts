/** Line ends and other control characters. The runtime lets most of them pass, in and out; other people's clients do not. */
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/

/** Whether a text may stand in a header. */
export function fitsHeader(text: string): boolean {
  return !CONTROLS.test(text)
}
