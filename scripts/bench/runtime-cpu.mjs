import { readdirSync, readFileSync } from 'node:fs'

const MICROS_PER_TICK = 10_000 // the kernel counts in hundredths of a second towards programs, whatever it does inside

/** The process id of the runtime that this process started; undefined where there is no /proc to look in. */
export function findRuntime() {
  try {
    const children = readdirSync('/proc/self/task').flatMap(thread =>
      readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    )
    return children.find(pid => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'workerd')
  } catch {
    return undefined
  }
}

/** CPU time that a process has used so far, all its threads together, in microseconds. */
export function readCpuMicros(pid) {
  if (pid === undefined) return undefined
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold spaces
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK
}
