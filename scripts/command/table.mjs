/** Rows as columns under their names, or a word where there are none. */
export function table(rows, columns) {
  if (rows.length === 0) return 'none\n'
  const names = Object.keys(columns)
  const lines = [names, ...rows.map(row => names.map(name => columns[name](row) || '-'))]
  const widths = names.map((_, at) => Math.max(...lines.map(line => line[at].length)))
  return lines
    .map(
      line =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
