/** Longer heads the runtime refuses. */
const MAX_HEAD_BYTES = 256 * 1024

const EXPECTS = /\r\nexpect:[ \t]*100-continue[ \t]*\r\n/i
const IS_EMPTY = /\r\ncontent-length:[ \t]*0+[ \t]*\r\n/i

/**
 * Watches what one client sends for a request head that announces an empty body and waits for `100 Continue`. Such a head
 * ends what the client sends until it is answered, so it must stand at the end of a piece; and it begins one, since the
 * client waited for the answer before. What a body holds could be mistaken for it only to the harm of its own sender.
 */
export class EmptyBodyWatch {
  #head = ''

  /**
   * @param chunk  the next bytes, as they arrive
   * @returns      whether they end such a head
   */
  sees(chunk) {
    if (this.#head === '' && !isBegun(chunk)) return false
    this.#head += chunk.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0 && this.#head.length < MAX_HEAD_BYTES) return false
    const head = this.#head
    this.#head = ''
    return end === head.length - 4 && EXPECTS.test(head) && IS_EMPTY.test(head)
  }
}

/** `P`, of PUT and POST: what clients send such heads with. */
function isBegun(chunk) {
  return chunk[0] === 0x50 && /^P(UT|OST)? |^P(U|O|OS)?$/.test(chunk.toString('latin1', 0, 5))
}
