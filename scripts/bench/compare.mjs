/**
 * Loads both sides in turns, and sets them against each other.
 *
 * Each round is one pair: first one side, then the other, in the next round the other way round, so that a machine that
 * slows down or speeds up does so for both. The ratio is the median of the rounds' own ratios.
 *
 * @param load        see load.mjs
 * @param sides       the two names; the ratio is first : second
 * @param operation   one of `operationsFor`, and `number`, its place there
 * @param secondsPerRound  how long a round of one side shall last; its number of requests is sized accordingly
 * @returns           { op, size, [side]: figures, ratio, cpuRatio, ratios } - above 1 the first side is better in both ratios
 * @throws Error      on the first wrong answer
 */
export async function compare({ load, sides, operation, number, secondsPerRound, rounds = operation.rounds }) {
  const counts = {}
  const measured = {}
  for (const side of sides) {
    await load('prepare', { side, operation: number })
    const perSecond = await load('warmUp', { side, operation: number, seconds: operation.warmUpSeconds })
    counts[side] = requestsPerRound(operation, perSecond * secondsPerRound)
    measured[side] = []
  }

  const started = performance.now()
  for (let round = 0; round < rounds; round++) {
    if (round >= MIN_ROUNDS && performance.now() - started > MAX_MILLIS_PER_OPERATION) break
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      measured[side].push(await load('round', { side, operation: number, count: counts[side] }))
    }
  }

  const [first, second] = sides
  const ratios = measured[first].map((round, i) => opsPerSecond([round]) / opsPerSecond([measured[second][i]]))
  const figuresOf = { [first]: figures(measured[first]), [second]: figures(measured[second]) }
  return {
    op: operation.op,
    size: operation.size,
    ...figuresOf,
    ratio: median(ratios),
    cpuRatio: figuresOf[second].cpuMicros / figuresOf[first].cpuMicros,
    ratios,
  }
}

const MIN_ROUNDS = 3
const MAX_MILLIS_PER_OPERATION = 20_000

/** Enough requests to last about as long as wanted, within the operation's bounds. */
export function requestsPerRound({ least, most, connections }, wanted) {
  const count = Math.min(Math.max(wanted, least), most)
  return Math.ceil(count / connections) * connections // so that no connection stands idle at the end
}

function figures(rounds) {
  const latencies = Float64Array.from(rounds.flatMap(round => [...round.latencies])).sort()
  return {
    opsPerSecond: opsPerSecond(rounds),
    p50Millis: quantile(latencies, 0.5),
    p99Millis: quantile(latencies, 0.99),
    cpuMicros: cpuPerRequest(rounds),
    requests: latencies.length,
    rounds: rounds.length,
  }
}

function opsPerSecond(rounds) {
  const requests = rounds.reduce((sum, round) => sum + round.latencies.length, 0)
  const millis = rounds.reduce((sum, round) => sum + round.elapsedMillis, 0)
  return (requests / millis) * 1000
}

/** Of the runtime, per request: steadier than any time. Undefined where the system does not tell. */
function cpuPerRequest(rounds) {
  if (rounds.some(round => round.cpuMicros === undefined)) return undefined
  const requests = rounds.reduce((sum, round) => sum + round.latencies.length, 0)
  return rounds.reduce((sum, round) => sum + round.cpuMicros, 0) / requests
}

function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
