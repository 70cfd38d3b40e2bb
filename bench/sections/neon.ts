/** Over Neon's HTTP protocol, with latency: how many requests, and how long they take together. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { neonConfig } from '@neondatabase/serverless'
import { createStore, neonHttp, useLocalNeon } from '../built.js'
import { filling } from '../contender.js'
import { median } from '../rounds.js'

/** What this section found. */
export interface NeonOverHttp {
  /** Added to every request, in ms. */
  readonly latencyMs: number
  /** Appends at once. */
  readonly appends: number
  /** The most requests that a round of them took. */
  readonly requests: number
  /** Milliseconds of each round. */
  readonly rounds: readonly number[]
  readonly median: number
  /** Requests of the first operation of a store that knows nothing yet, on a database with its schema. */
  readonly coldRequests: number
}

const latencyMs = 20
const appends = 100
const prefix = 'bench_neon'

/** Starts a local Neon in front of the server and measures through it. */
export async function measureNeon(url: string, rounds: number): Promise<NeonOverHttp> {
  const child = fork(fileURLToPath(new URL('./neon-endpoint.ts', import.meta.url)), [url], {
    execArgv: ['--import', 'tsx'],
  })
  try {
    return await measureThrough(await endpointOf(child), rounds)
  } finally {
    const ended = once(child, 'exit')
    if (child.connected) child.disconnect()
    if (child.exitCode === null) await ended
  }
}

type Endpoint = { connectionString: string; httpUrl: string; wsProxy: string }

function endpointOf(child: ChildProcess): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    child.once('message', (endpoint) => resolve(endpoint as Endpoint))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The local Neon ended with code ${code}.`)))
  })
}

async function measureThrough(endpoint: Endpoint, rounds: number): Promise<NeonOverHttp> {
  let requests = 0
  useLocalNeon(neonConfig, endpoint)
  neonConfig.fetchFunction = async (...request: Parameters<typeof fetch>) => {
    requests += 1
    await setTimeout(latencyMs)
    return fetch(...request)
  }
  const open = () => createStore({ driver: neonHttp(endpoint.connectionString), prefix })
  const appendOnce = (store: ReturnType<typeof open>) =>
    store.stream.append(`${prefix}:flow:run:appended`, filling.event)
  const migrating = open()
  await appendOnce(migrating)

  requests = 0
  const cold = open()
  await appendOnce(cold)
  const coldRequests = requests

  const times: number[] = []
  let most = 0
  // The first round warms up and does not count.
  for (let round = -1; round < rounds; round++) {
    requests = 0
    const started = performance.now()
    await Promise.all(Array.from({ length: appends }, () => appendOnce(cold)))
    const ms = performance.now() - started
    if (round < 0) continue
    times.push(Math.round(ms * 10) / 10)
    most = Math.max(most, requests)
  }
  await Promise.all([migrating.close(), cold.close()])
  neonConfig.fetchFunction = undefined
  return {
    latencyMs,
    appends,
    requests: most,
    rounds: times,
    median: median(times),
    coldRequests,
  }
}
