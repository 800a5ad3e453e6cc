import { Fault } from '../model/fault'
import { RESTARTED } from '../model/restart'

const READ_TRIES = 3

/** A read of a Durable Object: harmless to repeat, so passing failures of the platform are not shown to the client. */
export async function read<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (isOverloaded(error)) throw new Fault('Overloaded')
      if (!isPassing(error)) throw error
      if (tries === READ_TRIES) throw new Fault('Interrupted')
      await new Promise(resolve => setTimeout(resolve, 20 * 2 ** tries))
    }
  }
}

/**
 * A write of a Durable Object: never repeated here, since nobody knows whether it was carried out.
 * @throws Fault Overloaded, when it was not; Interrupted, when that is open
 */
export async function write<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isOverloaded(error)) throw new Fault('Overloaded')
    throw isPassing(error) ? new Fault('Interrupted') : error
  }
}

/** A failure of the way, or an object that began anew: the next call meets a new one. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('retryable' in error && error.retryable === true) || error.message.includes(RESTARTED)
}

function isOverloaded(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true
}
