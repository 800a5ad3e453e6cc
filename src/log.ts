import type { Config } from './config'

export interface Log {
  error(message: string, facts?: Record<string, unknown>): void
  debug(message: string, facts?: Record<string, unknown>): void
}

/** One JSON line for each event. Secrets, signatures and bodies are never given to it. */
export function openLog(level: Config['log']): Log {
  return {
    error: (message, facts) => console.error(JSON.stringify({ level: 'error', message, ...facts })),
    debug: (message, facts) => {
      if (level === 'debug') console.log(JSON.stringify({ level: 'debug', message, ...facts }))
    },
  }
}
