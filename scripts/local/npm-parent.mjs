import { readFileSync } from 'node:fs'

const LOOK_MILLIS = 250

/**
 * Ends this process, as SIGTERM would, when the npm that started it is gone.
 *
 * npm passes a SIGTERM on to the shell between itself and us, and there it ends; a SIGKILL reaches only npm. Either way
 * nobody would be left who knows of a server that holds its port.
 */
export function stopWithNpm() {
  if (process.env.npm_lifecycle_event !== 'start') return
  const parent = process.ppid
  // With a shell in between, npm is the parent's parent; elsewhere that one is the user's own, and may go.
  const grandparent = isShell(parent) ? parentOf(parent) : undefined
  const timer = setInterval(() => {
    const orphaned = process.ppid !== parent || (grandparent !== undefined && parentOf(parent) !== grandparent)
    if (!orphaned) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, LOOK_MILLIS)
  timer.unref()
}

function isShell(pid) {
  return /^\(\w*sh\)$/.test(procStat(pid)?.name ?? '')
}

function parentOf(pid) {
  return procStat(pid)?.parent
}

/** Where there is no /proc (macOS), only the direct parent is watched. */
function procStat(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const name = stat.slice(stat.indexOf('('), end + 1)
    return { name, parent: Number(stat.slice(end + 2).split(' ')[1]) }
  } catch {
    return undefined
  }
}
