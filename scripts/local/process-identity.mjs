import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Tells a process from a later one with the same id: the moment it began, where that can be learnt.
 *
 * @returns undefined when there is no such process, or it is dead and only waits to be collected
 */
export function identifyProcess(pid) {
  try {
    if (process.platform === 'linux') return identifyByProc(pid)
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

function identifyByProc(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name stands in parentheses and may hold anything; the state follows it, and the start 19 fields later.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return state === 'Z' || state === 'X' ? undefined : `${boot} ${start}`
}
