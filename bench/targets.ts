/** What was aimed at, as data, and whether a run reached it. */
import type { OperationName } from './contender.js'
import type { NeonOverHttp } from './sections/neon.js'
import type { Operations, Result } from './sections/operations.js'
import type { Pglite } from './sections/pglite.js'

/** A target and what was found. */
export interface Verdict {
  readonly name: string
  readonly target: string
  /** Left out where it was not measured. */
  readonly measured?: number
  readonly met?: boolean
  /** Why it was not measured, or what else is to be known. */
  readonly note?: string
}

/** At least so many times the rate of another, by the number of callers. */
interface RatioTarget {
  readonly operation: OperationName
  readonly against: string
  readonly atLeast: Readonly<Record<number, number>>
  /** None of our calls may fail. */
  readonly withoutFailure?: boolean
}

const published = 'published adapter'

export const ratioTargets: readonly RatioTarget[] = [
  { operation: 'stream.append', against: published, atLeast: { 1: 1.2, 32: 5, 256: 8 } },
  { operation: 'stream.read 50', against: published, atLeast: { 1: 1.3, 32: 2 } },
  { operation: 'index.get', against: published, atLeast: { 1: 1.2, 32: 3 } },
  { operation: 'index.read 50', against: published, atLeast: { 1: 1.3, 32: 2 } },
  { operation: 'index.update', against: published, atLeast: { 1: 1.8, 32: 5 } },
  { operation: 'increment, one hot counter', against: published, atLeast: { 1: 1.1, 32: 12 } },
  {
    operation: 'updateWithRetry, one hot entry',
    against: published,
    atLeast: { 8: 8 },
    withoutFailure: true,
  },
  { operation: 'kv.set', against: published, atLeast: { 1: 1.2, 32: 4 } },
  { operation: 'kv.get', against: published, atLeast: { 1: 2.2, 32: 3 } },
  { operation: 'stream.append', against: 'bare statements', atLeast: { 1: 0.9 } },
  { operation: 'stream.appendMany 1,000', against: 'COPY', atLeast: { 1: 0.6 } },
  { operation: 'stream.append', against: 'Redis adapter', atLeast: { 32: 0.5 } },
]

/** Everything that a run can find. */
export interface Sections {
  readonly operations?: Operations
  readonly neon?: NeonOverHttp
  readonly pglite?: Pglite
}

/** Holds what was found against the targets of its sections. */
export function judge({ operations, neon, pglite }: Sections): Verdict[] {
  return [
    ...(operations === undefined
      ? []
      : ratioTargets.flatMap((target) =>
          Object.entries(target.atLeast).flatMap(([callers, atLeast]) =>
            judgeRatio(operations, target, Number(callers), atLeast),
          ),
        )),
    ...(neon === undefined
      ? []
      : [
          atMost(`${neon.appends} appends at once over HTTP, requests`, 3, neon.requests),
          atMost(
            `${neon.appends} appends at once over HTTP with ${neon.latencyMs} ms latency, ms`,
            80,
            neon.median,
          ),
          atMost('first operation of a new store over HTTP, requests', 2, neon.coldRequests),
        ]),
    ...(pglite === undefined
      ? []
      : [atLeastOf('PGlite: 32 appends at once ÷ one after another', 5, pglite.ratio)]),
  ]
}

/** Our rate divided by that of another, or undefined where one of them was not measured. */
export function ratioOf({ measured }: Result, against: string): number | undefined {
  const rate = (name: string) => measured.find(({ contender }) => contender === name)?.median
  const [mine, other] = [rate('ours'), rate(against)]
  return mine === undefined || other === undefined || other === 0 ? undefined : mine / other
}

function judgeRatio(
  { contenders, results }: Operations,
  { operation, against, withoutFailure }: RatioTarget,
  callers: number,
  atLeast: number,
): Verdict[] {
  const result = results.find((each) => each.operation === operation && each.callers === callers)
  // Another operation was asked for.
  if (result === undefined) return []
  const name = `${operation}, ${callers === 1 ? '1 caller' : `${callers} callers`} ÷ ${against}`
  const ratio = ratioOf(result, against)
  if (ratio === undefined) {
    const peer = contenders.find((each) => each.name === against)
    const note = peer?.unavailable ?? (peer === undefined ? 'not asked for' : 'no call succeeded')
    return [{ name, target: `≥ ${atLeast}`, note }]
  }
  const failures = result.measured.find(({ contender }) => contender === 'ours')?.failures ?? 0
  const verdict = atLeastOf(name, atLeast, ratio)
  if (withoutFailure !== true) return [verdict]
  return [
    {
      ...verdict,
      target: `${verdict.target}, no failure`,
      met: verdict.met === true && failures === 0,
      note: `${failures} of our calls failed`,
    },
  ]
}

/** A target that more is better for. */
export const atLeastOf = (name: string, target: number, measured: number): Verdict => ({
  name,
  target: `≥ ${target}`,
  measured: round(measured),
  met: measured >= target,
})

/** A target that less is better for. */
export const atMost = (name: string, target: number, measured: number): Verdict => ({
  name,
  target: `≤ ${target}`,
  measured: round(measured),
  met: measured <= target,
})

const round = (value: number) => Math.round(value * 100) / 100
