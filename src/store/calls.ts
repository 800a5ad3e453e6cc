import { Fault } from '../model/fault'

const READ_TRIES = 3

/** A read of a Durable Object: harmless to repeat, so passing failures of the platform are not shown to the client. */
export async function read<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      if (isOverloaded(error)) throw new Fault('Overloaded')
      if (tries === READ_TRIES || !isRetryable(error)) throw error
      await new Promise(resolve => setTimeout(resolve, 20 * 2 ** tries))
    }
  }
}

/** A write of a Durable Object: never repeated here, since nobody knows whether it was carried out. */
export async function write<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (isOverloaded(error)) throw new Fault('Overloaded')
    throw error
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}

function isOverloaded(error: unknown): boolean {
  return error instanceof Error && 'overloaded' in error && error.overloaded === true
}
