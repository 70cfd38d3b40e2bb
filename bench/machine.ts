/** Where a run took place, and how busy it was there with other work. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { version } from './built.js'

/** What somebody needs to understand the numbers later. */
export interface Surroundings {
  readonly date: string
  readonly store: string
  readonly node: string
  readonly server: string
  readonly machine: string
  /** Percent of the processors at work for others, in two seconds before and after. */
  readonly othersPercent: { readonly before: number; readonly after: number }
}

/** Call before anything of the benchmark runs; what it gives, after everything has stopped. */
export async function lookAround(): Promise<(server: string) => Promise<Surroundings>> {
  const before = await busyPercent()
  const date = new Date().toISOString().slice(0, 10)
  return async (server) => ({
    date,
    store: version,
    node: process.version,
    server,
    machine: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
    othersPercent: { before, after: await busyPercent() },
  })
}

async function busyPercent(): Promise<number> {
  const sum = () => {
    const all = cpus().flatMap(({ times }) => Object.entries(times))
    const total = all.reduce((ms, [, time]) => ms + time, 0)
    const idle = all.reduce((ms, [name, time]) => ms + (name === 'idle' ? time : 0), 0)
    return { total, idle }
  }
  const first = sum()
  await setTimeout(2000)
  const last = sum()
  return Math.round(100 * (1 - (last.idle - first.idle) / (last.total - first.total)))
}

/** A sentence or two. */
export function describe(surroundings: Surroundings): string {
  const { date, store, node, server, machine, othersPercent } = surroundings
  const { before, after } = othersPercent
  const busy = Math.max(before, after) > 10 ? 'Busy: other work' : 'Other work'
  return `nvent-store-postgres ${store}, Node ${node}, ${server}; ${machine}; ${date}. ${busy} had ${before} % of the processors just before and ${after} % just after.`
}
