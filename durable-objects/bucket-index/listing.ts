import type { ListAsk } from '../../src/model/index-calls'
import { nextAfter, pastPrefix } from '../../src/model/key-order'

const ROW = 'json_array(key, size, etag, modified, owner, class, checksum)'

/**
 * One page of keys in UTF-8 order, as a JSON array of ListedRow built inside SQLite. It holds up to one row more than
 * the limit; that one tells the caller that the page is not the last.
 */
export function list(sql: SqlStorage, ask: ListAsk): string {
  const { low, high } = bounds(ask)
  const rows = ask.limit + 1
  if (!ask.delimiter) {
    return sql
      .exec<{ page: string }>(
        `select json_group_array(${ROW}) as page from (
           select key, size, etag, modified, owner, class, checksum
           from objects where key >= ? and key < ? order by key limit ?)`,
        low,
        high,
        rows,
      )
      .one().page
  }
  // Each step seeks the next key, or past the common prefix that the last one was in: prefixes cost one seek, not a scan.
  return sql
    .exec<{ page: string }>(
      `with recursive steps(key) as (
         select min(key) from objects where key >= ?1 and key < ?2
         union all
         select (select min(objects.key) from objects where objects.key < ?2 and objects.key >=
           case instr(substr(steps.key, length(?3) + 1), ?4)
             when 0 then steps.key || char(1)
             else substr(steps.key, 1, length(?3) + instr(substr(steps.key, length(?3) + 1), ?4) - 1) || ?5
           end)
         from steps where steps.key is not null limit ?6
       ), placed as (
         select key as step, instr(substr(key, length(?3) + 1), ?4) as place from steps where key is not null
       )
       select json_group_array(json(
         case place when 0 then ${ROW} else json_array(substr(step, 1, length(?3) + place - 1 + length(?4))) end
       )) as page
       from placed left join objects on objects.key = step and place = 0`,
      low,
      high,
      ask.prefix,
      ask.delimiter,
      pastPrefix(ask.delimiter),
      rows,
    )
    .one().page
}

/** The first key that may be listed, and the first beyond all that may. */
export function bounds({ prefix, after, past }: { prefix: string; after?: string; past?: string }): {
  low: string
  high: string
} {
  return {
    // Compared as UTF-8: JavaScript orders by UTF-16 units.
    low: [prefix, after && nextAfter(after), past && pastPrefix(past)].filter(isText).reduce(greater, ''),
    high: pastPrefix(prefix),
  }
}

/** The common prefix that a key belongs to, where there is a delimiter behind what was asked for. */
export function commonPrefix(
  key: string,
  { prefix, delimiter }: { prefix: string; delimiter?: string },
): string | undefined {
  if (!delimiter) return undefined
  const place = key.indexOf(delimiter, prefix.length)
  return place < 0 ? undefined : key.slice(0, place + delimiter.length)
}

/** Whether a key stands at or behind another in the order of listings. */
export function isAtLeast(sql: SqlStorage, key: string, low: string): boolean {
  return sql.exec<{ yes: number }>('select ? >= ? as yes', key, low).one().yes === 1
}

function isText(bound: string | undefined): bound is string {
  return bound !== undefined && bound !== ''
}

const encoder = new TextEncoder()

/** The greater of two texts in UTF-8 order. */
function greater(one: string, other: string): string {
  const a = encoder.encode(one)
  const b = encoder.encode(other)
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference > 0 ? one : other
  }
  return a.length >= b.length ? one : other
}
