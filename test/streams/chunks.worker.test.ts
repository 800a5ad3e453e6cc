import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/model/fault'
import { chunksOf } from '../../src/streams/chunks'

const data = Uint8Array.from({ length: 700_000 }, (_, index) => index % 251)

function native(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  writer.write(bytes).then(
    () => writer.close(),
    () => undefined,
  )
  return readable
}

function madeHere(pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
}

async function sizesOf(stream: ReadableStream<Uint8Array>, size?: number): Promise<number[]> {
  const sizes: number[] = []
  const parts: Uint8Array[] = []
  for await (const view of chunksOf(stream, size)) {
    sizes.push(view.byteLength)
    parts.push(view.slice())
    // Whoever gets a view may overwrite it.
    view.fill(0)
  }
  expect(Buffer.concat(parts).equals(data)).toBe(true)
  return sizes
}

describe('a body in large pieces', () => {
  test('comes in views of the size asked for, but the last', async () => {
    expect(await sizesOf(native(data))).toEqual([262_144, 262_144, 175_712])
    expect(await sizesOf(native(data), 350_000)).toEqual([350_000, 350_000])
    expect(await sizesOf(native(data), 1_000_000)).toEqual([700_000])
  })
  test('comes as it was made from streams of JavaScript', async () => {
    const pieces = [data.slice(0, 5), new Uint8Array(), data.slice(5)]
    expect(await sizesOf(madeHere(pieces))).toEqual([5, 699_995])
  })
  test('may be empty', async () => {
    for (const stream of [native(new Uint8Array()), madeHere([])]) {
      for await (const view of chunksOf(stream)) throw new Error(`${view.byteLength} bytes of nothing`)
    }
  })
  test('is cancelled when the consumer stops early', async () => {
    let isCancelled = false
    const stream = new ReadableStream<Uint8Array>({
      pull: controller => controller.enqueue(new Uint8Array(10)),
      cancel() {
        isCancelled = true
      },
    })
    for await (const view of chunksOf(stream)) if (view.byteLength > 0) break
    expect(isCancelled).toBe(true)

    const { readable, writable } = new IdentityTransformStream()
    const writing = writable.getWriter().write(data)
    const reading = (async () => {
      for await (const view of chunksOf(readable, 1000)) throw new Error(`enough after ${view.byteLength}`)
    })()
    await expect(reading).rejects.toThrow('enough after 1000')
    await expect(writing).rejects.toThrow()
  })
  test('that breaks off is incomplete', async () => {
    const { readable, writable } = new IdentityTransformStream()
    const writer = writable.getWriter()
    writer.write(data).then(
      () => writer.abort(new Error('Network connection lost.')),
      () => undefined,
    )
    const broken = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Error('lost')) })
    for (const stream of [readable, broken]) {
      await expect(sizesOf(stream)).rejects.toMatchObject({ name: 'Fault', code: 'BodyIncomplete' })
    }
  })
  test('that was broken off with a Fault keeps it', async () => {
    const refused = new ReadableStream<Uint8Array>({ pull: controller => controller.error(new Fault('AccessDenied')) })
    await expect(sizesOf(refused)).rejects.toMatchObject({ code: 'AccessDenied' })
  })
})
