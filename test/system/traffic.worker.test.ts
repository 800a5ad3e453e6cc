import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { afterEach, expect, test, vi } from 'vitest'
import worker from '../../src/index'
import type { Env } from '../../src/stubs'
import { freshPlace } from '../minio-admin/admin'
import { HOST } from '../support/s3'

/** A place whose calls of `system` are noted. */
function watchedPlace(): { place: Env; calls: string[] } {
  const place = freshPlace({ WHARF_STARTED_MILLIS: '1' })
  const calls: string[] = []
  const getByName = (name: string) =>
    new Proxy(place.SYSTEM.getByName(name), {
      get(target, member) {
        const value: unknown = Reflect.get(target, member)
        if (typeof value !== 'function' || typeof member !== 'string') return value
        return (...args: unknown[]) => {
          calls.push(member)
          return Reflect.apply(value, target, args)
        }
      },
    })
  return { place: { ...place, SYSTEM: { getByName } as unknown as Env['SYSTEM'] }, calls }
}

async function ask(place: Env): Promise<void> {
  const ctx = createExecutionContext()
  await worker.fetch(new Request(`http://${HOST}/_wharf/nothing`), place, ctx)
  await waitOnExecutionContext(ctx)
}

afterEach(() => {
  vi.useRealTimers()
})

test('requests are counted without a call, and told at most every ten seconds', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { place, calls } = watchedPlace()
  for (let i = 0; i < 5; i++) await ask(place)
  expect(calls).toEqual([])
  vi.setSystemTime(Date.now() + 10_000)
  for (let i = 0; i < 5; i++) await ask(place)
  expect(calls).toEqual(['addTraffic'])
  const { methods } = await place.SYSTEM.getByName('any').traffic()
  expect(methods.GET).toEqual({ total: { count: 6, millis: 0 }, success: { count: 0, millis: 0 } })
})
