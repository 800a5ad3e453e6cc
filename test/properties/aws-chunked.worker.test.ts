import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StreamingMode } from '../../src/auth/sigv4-claim'
import { Fault, type FaultCode } from '../../src/model/fault'
import { decodeAwsChunked } from '../../src/streams/aws-chunked'
import { digestOf } from '../../src/streams/digest'
import { base64, checkPromised } from '../../src/streams/promised'
import {
  bytes,
  encode,
  inPieces,
  native,
  optionsFor,
  SIGNED,
  SIGNED_TRAILER,
  UNSIGNED_TRAILER,
} from '../streams/aws-chunked-sender'

const MODES = [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER] as const
const LEAST_SIGNED_CHUNK = 8192
/** Longer than any of these bodies takes. */
const HANGS_MILLIS = 5000

/** All that a body may end in. */
const REFUSALS: FaultCode[] = [
  'BodyIncomplete',
  'ChunkMalformed',
  'ChunkTooSmall',
  'SignatureMismatch',
  'TrailerMalformed',
  'DigestMismatch',
]

interface Body {
  mode: StreamingMode
  payload: Uint8Array
  chunks: Uint8Array[]
}

/** A payload and a way to cut it: signed chunks but the last have their least size, unsigned ones may have any. */
const body: fc.Arbitrary<Body> = fc
  .record({
    mode: fc.constantFrom(...MODES),
    seed: fc.nat(),
    sizes: fc.array(fc.oneof(fc.nat(20), fc.nat(3000)), { maxLength: 5 }),
  })
  .map(({ mode, seed, sizes }) => {
    const grown =
      mode === UNSIGNED_TRAILER
        ? sizes
        : sizes.map((size, at) => (at < sizes.length - 1 ? LEAST_SIGNED_CHUNK + size : size))
    const chunks = grown.filter(size => size > 0).map((size, at) => pseudoRandom(size, seed + at))
    return { mode, chunks, payload: bytes(...chunks) }
  })

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })

function pseudoRandom(length: number, seed: number): Uint8Array {
  let state = seed + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 16
  })
}

function sent({ mode, payload, chunks }: Body): Uint8Array {
  return encode(mode, chunks, mode === SIGNED ? undefined : `x-amz-checksum-crc32:${crc32(payload)}`)
}

function crc32(payload: Uint8Array): string {
  return base64(digestOf('crc32', payload))
}

function cutAt(whole: Uint8Array, places: number[]): Uint8Array[] {
  const at = places.map(place => Math.floor(place * whole.length)).sort((one, other) => one - other)
  return [0, ...at].map((from, i) => whole.subarray(from, at[i] ?? whole.length)).filter(piece => piece.length > 0)
}

/** The decoded bytes, checked against all that was promised of them as the store does it. */
async function taken(
  stream: ReadableStream<Uint8Array>,
  mode: StreamingMode,
  decodedSize: number,
): Promise<Uint8Array> {
  const incoming = decodeAwsChunked(stream, optionsFor(mode, decodedSize))
  const parts: Uint8Array[] = []
  for await (const part of incoming.chunks()) parts.push(part.slice())
  const whole = bytes(...parts)
  if (whole.length !== decodedSize) throw new Fault('BodyIncomplete')
  checkPromised(incoming.promised, { md5: '', checksum: incoming.promised.checksum && crc32(whole) })
  return whole
}

/** The bytes of a body that was taken; undefined for one that was refused by a fault of its own. */
async function outcome(
  stream: ReadableStream<Uint8Array>,
  mode: StreamingMode,
  decodedSize: number,
): Promise<Uint8Array | undefined> {
  try {
    return await taken(stream, mode, decodedSize)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    expect(REFUSALS).toContain(error.code)
    return undefined
  }
}

describe('an aws-chunked body', () => {
  test('is the same bytes, however it is cut into chunks and reads', async () => {
    await fc.assert(
      fc.asyncProperty(body, cuts, async (body, cuts) => {
        const { mode, payload } = body
        expect(await taken(inPieces(cutAt(sent(body), cuts)), mode, payload.length)).toEqual(payload)
        expect(await taken(native(sent(body) as Uint8Array<ArrayBuffer>), mode, payload.length)).toEqual(payload)
      }),
      { numRuns: 150, timeout: HANGS_MILLIS },
    )
  })

  const edit = fc.record({
    how: fc.constantFrom('flip', 'drop', 'insert', 'double', 'cut', 'zero'),
    /** The last bytes are where the framing ends, and are looked at more often than their number would have it. */
    at: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.97, max: 1, noNaN: true })),
    length: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 })),
    other: fc.uint8Array({ minLength: 1, maxLength: 4 }),
  })

  function edited(
    whole: Uint8Array,
    { how, at, length, other }: typeof edit extends fc.Arbitrary<infer T> ? T : never,
  ): Uint8Array {
    const from = Math.min(Math.floor(at * whole.length), whole.length - 1)
    const [before, piece, after] = [
      whole.subarray(0, from),
      whole.subarray(from, from + length),
      whole.subarray(from + length),
    ]
    if (how === 'flip')
      return bytes(
        before,
        piece.map(byte => byte ^ (1 << (length % 8))),
        after,
      )
    if (how === 'drop') return bytes(before, after)
    if (how === 'insert') return bytes(before, other, piece, after)
    if (how === 'double') return bytes(before, piece, piece, after)
    if (how === 'zero') return bytes(before, new Uint8Array(piece.length), after)
    return before.slice()
  }

  test('is refused or still the same bytes, whatever was done to it on the way', async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.array(edit, { minLength: 1, maxLength: 3 }), cuts, async (body, edits, cuts) => {
        const { mode, payload } = body
        const changed = edits.reduce((whole, one) => (whole.length === 0 ? whole : edited(whole, one)), sent(body))
        const came = await outcome(inPieces(cutAt(changed, cuts)), mode, payload.length)
        if (came !== undefined) expect(came).toEqual(payload)
      }),
      { numRuns: 500, timeout: HANGS_MILLIS },
    )
  })

  test('is refused when its length is another than was announced', async () => {
    const lie = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20_000, max: 20_000 }))
    await fc.assert(
      fc.asyncProperty(body, lie, async (body, lie) => {
        const { mode, payload } = body
        const announced = Math.max(0, payload.length + lie)
        fc.pre(announced !== payload.length)
        expect(await outcome(inPieces([sent(body)]), mode, announced)).toBeUndefined()
      }),
      { numRuns: 100, timeout: HANGS_MILLIS },
    )
  })

  test('may be any bytes at all, and is refused', async () => {
    const framing = fc.constantFrom(
      '0',
      '5',
      'ffff',
      ';',
      'chunk-signature=',
      '\r\n',
      '\n',
      '\r',
      'hello',
      ':',
      'x-amz-checksum-crc32:',
      '0\r\n',
      '-1',
      ' ',
    )
    const garbage = fc.oneof(
      fc
        .array(fc.oneof(framing, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
        .map(parts => bytes(...parts)),
      fc.uint8Array({ maxLength: 3000 }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(SIGNED, SIGNED_TRAILER),
        garbage,
        fc.nat(10),
        cuts,
        async (mode, garbage, size, cuts) => {
          expect(await outcome(inPieces(cutAt(garbage, cuts)), mode, size)).toBeUndefined()
        },
      ),
      { numRuns: 400, timeout: HANGS_MILLIS },
    )
  })
})

describe('the chunks of a signed body', () => {
  /** The frames of a body, each with its header and its line end, the last with all that follows. */
  function framesOf(body: Body): Uint8Array[] {
    const whole = sent(body)
    const frames: Uint8Array[] = []
    let at = 0
    for (const chunk of body.chunks) {
      const header = chunk.length.toString(16).length + ';chunk-signature='.length + 64 + 2
      frames.push(whole.subarray(at, at + header + chunk.length + 2))
      at += header + chunk.length + 2
    }
    return [...frames, whole.subarray(at)]
  }

  const signed = body.filter(({ mode, chunks }) => mode !== UNSIGNED_TRAILER && chunks.length > 0)

  test('cannot be dropped, repeated, swapped, or come from another body', async () => {
    await fc.assert(
      fc.asyncProperty(signed, signed, fc.nat(), fc.nat(), async (body, other, one, two) => {
        const frames = framesOf(body)
        const [first, second] = [one % frames.length, two % frames.length]
        const foreign = framesOf({ ...other, mode: body.mode })[one % framesOf(other).length] ?? new Uint8Array()
        const swapped = frames.map(
          (frame, at) => (at === first ? frames[second] : at === second ? frames[first] : frame) ?? frame,
        )
        const attacks = [
          frames.toSpliced(first, 1),
          frames.toSpliced(first, 0, frames[second] ?? new Uint8Array()),
          swapped,
          frames.toSpliced(first, 1, foreign),
          frames.toSpliced(first, 0, foreign),
        ]
        for (const attack of attacks) {
          const changed = bytes(...attack)
          if (Buffer.compare(changed, sent(body)) === 0) continue
          for (const size of new Set([body.payload.length, changed.length])) {
            expect(await outcome(inPieces([changed]), body.mode, size)).toBeUndefined()
          }
          const data = dataLength(attack)
          expect(await outcome(inPieces([changed]), body.mode, data)).toBeUndefined()
        }
      }),
      { numRuns: 60, timeout: HANGS_MILLIS },
    )
  })

  /** What an attacker would announce: the sum of the sizes in the headers. */
  function dataLength(frames: Uint8Array[]): number {
    return frames.reduce(
      (sum, frame) => sum + (Number.parseInt(Buffer.from(frame.subarray(0, 8)).toString('latin1'), 16) || 0),
      0,
    )
  }
})
