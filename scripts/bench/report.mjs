import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** What goes on, for whoever waits; stdout belongs to the results. */
export function progress(text) {
  process.stderr.write(`${text}\n`)
}

const COLUMNS = ['opsPerSecond', 'p50Millis', 'p99Millis', 'cpuMicros']

/** The results as a table for people. A row whose operation failed says so instead of figures. */
export function renderTable(results, sides) {
  const head = [
    'operation',
    'size',
    ...sides.flatMap(side => [`${side} ops/s`, 'p50 ms', 'p99 ms', 'CPU µs']),
    'ratio',
    'of rounds',
    'by CPU',
  ]
  const rows = results.map(result => {
    const name = [result.op, result.size]
    if (result.error) return [...name, `FAILED: ${result.error}`]
    return [
      ...name,
      ...sides.flatMap(side => COLUMNS.map(column => figure(result[side][column]))),
      `${result.ratio.toFixed(2)}x`,
      `${Math.min(...result.ratios).toFixed(2)}-${Math.max(...result.ratios).toFixed(2)}`,
      Number.isFinite(result.cpuRatio) ? `${result.cpuRatio.toFixed(2)}x` : '-',
    ]
  })
  const aligned = [head, ...rows].filter(row => row.length === head.length)
  const widths = head.map((_, column) => Math.max(...aligned.map(row => row[column].length)))
  const line = row => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] ?? 0))).join('  ')
  return [line(head), widths.map(width => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

/** When, where and how: figures mean nothing without it. */
export function describeRun({ args, sides, startedMillis, busyBefore, listKeys }) {
  const processors = cpus()
  const workerd = JSON.parse(readFileSync(new URL('../../node_modules/workerd/package.json', import.meta.url)))
  const [first, second] = sides
  const seconds = Math.round((performance.now() - startedMillis) / 1000)
  return [
    `${new Date().toISOString()}; ${processors.length} cores (${processors[0]?.model ?? 'unknown'}), shared by client and server; ` +
      `node ${process.versions.node}, workerd ${workerd.version}; npm run bench${args.length ? ' --' : ''}${args.map(arg => ` ${/[ ;]/.test(arg) ? JSON.stringify(arg) : arg}`).join('')}; ${seconds} s, load average before ${busyBefore.toFixed(1)}.`,
    `Both in one runtime, loaded in turns over 16 connections (256 MiB: 2, LIST: 4). ratio = ${first} : ${second} by ops/s, ` +
      'the median of the rounds, and of these the smallest and the largest; "by CPU": by the runtime\'s CPU time per request, which is ' +
      'steadier where other programs run beside. Each PUT made a new key, unless --overwrite.',
    ...(listKeys.length
      ? [
          `The keys for LIST (${listKeys.map(keys => keys.toLocaleString('en')).join('; ')}) were copied in SQL from one object ` +
            'that came through the door, while the runtime was stopped.',
        ]
      : []),
  ].join('\n')
}

function figure(value) {
  if (value === undefined) return '-'
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
