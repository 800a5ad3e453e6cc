import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Complaint } from './complaint.mjs'

/** A server that was killed a moment ago may not have let go of its port yet. */
const WAIT_MILLIS = 1000
const POLL_MILLIS = 100

/**
 * Tries the port before the runtime does: what the operating system says about it is clear only here.
 *
 * @throws Complaint
 */
export async function requireFreePort({ address, host, port }) {
  const deadline = Date.now() + WAIT_MILLIS
  for (;;) {
    const code = await tryPort(address, port)
    if (!code) return
    if (code !== 'EADDRINUSE' || Date.now() > deadline) throw portComplaint(code, host, port)
    await pause(POLL_MILLIS)
  }
}

/** What is wrong with a port, and what to do. */
export function portComplaint(code, host, port) {
  switch (code) {
    case 'EADDRINUSE':
      return new Complaint(
        `Port ${port} on ${host} is in use: stop what listens there, or set PORT to another one (0 takes any free one).`,
      )
    case 'EACCES':
      return new Complaint(`This user may not listen on port ${port}: set PORT to one above 1023.`)
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return new Complaint(`HOST ${host} is no address of this machine: set it to 127.0.0.1, ::1, 0.0.0.0 or ::.`)
    default:
      return new Complaint(
        `Cannot listen on ${host}, port ${port} (${code}): set HOST and PORT to where this user may listen.`,
      )
  }
}

/** @returns the error's code, or undefined when all is well */
function tryPort(address, port) {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', error => resolve(error.code))
    probe.listen({ host: address, port, exclusive: true }, () => probe.close(() => resolve(undefined)))
  })
}
