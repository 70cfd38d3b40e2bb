/** The benchmark runs, tells what failed, and keeps what it found. What it measures is not asserted. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { browserDocument } from '../../bench/browser/report.js'
import type { Contender } from '../../bench/contender.js'
import { performanceDocument } from '../../bench/files.js'
import { measureOperations, type Operations } from '../../bench/sections/operations.js'
import { failureLines, ratioRows } from '../../bench/tables.js'
import { judge, type Sections } from '../../bench/targets.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the command as `npm run bench` does, on a database of its own, and reads what it wrote. */
async function bench(...args: string[]) {
  const database = await createDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'nvent-store-bench-'))
  onTestFinished(async () => {
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', 'bench/main.ts', ...args, '--json', '--out', folder],
    { cwd: root, env: { ...process.env, BENCH_DATABASE_URL: database.url } },
  )
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  return { printed: JSON.parse(stdout), stderr, read }
}

// Starts processes that start servers of their own.
describe('npm run bench', { timeout: 180_000 }, () => {
  it('measures our contenders and writes the document and the plot', async () => {
    const { printed, stderr, read } = await bench(
      ...['run', '--ms', '20', '--rounds', '1', '--only', 'kv.get', '--sections', 'operations'],
      ...['--contenders', 'ours', 'ours, batching: false', 'bare statements'],
    )
    expect(stderr).toBe('')
    expect(JSON.parse(await read('results.json'))).toEqual(printed)
    const { contenders, results } = printed.operations as Operations
    expect(contenders.map(({ unavailable }) => unavailable)).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(results.map(({ operation, callers }) => [operation, callers])).toEqual([
      ['kv.get', 1],
      ['kv.get', 32],
    ])
    for (const { measured } of results) {
      expect(measured.map(({ contender }) => contender)).toEqual([
        'ours',
        'ours, batching: false',
        'bare statements',
      ])
      for (const { rounds, failures } of measured) {
        expect(rounds).toHaveLength(1)
        expect(failures).toBe(0)
      }
    }
    // The published adapter was not asked for, so there is nothing to say about those targets.
    expect(printed.targets).toEqual([
      expect.objectContaining({ target: '≥ 2.2', note: 'not asked for' }),
      expect.objectContaining({ target: '≥ 3', note: 'not asked for' }),
    ])
    const svg = await read('results.svg')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg).toContain('kv.get × 32')
  })

  it('counts requests over HTTP, and those of a new store, within what is aimed at', async () => {
    const { printed } = await bench(
      ...['run', '--ms', '20', '--rounds', '1', '--sections', 'neon', 'pglite'],
    )
    const { neon, pglite } = printed as Sections
    expect(neon?.appends).toBe(100)
    expect(neon?.requests).toBeLessThanOrEqual(3)
    expect(neon?.coldRequests).toBeLessThanOrEqual(2)
    expect(pglite?.measured.map(({ failures }) => failures)).toEqual([0, 0])
  })

  it('measures stores of several sizes', async () => {
    const { printed, read } = await bench(
      ...['scale', '--events', '2000', '--calls', '1', '--rounds', '1'],
    )
    expect(JSON.parse(await read('scale.json'))).toEqual(printed)
    expect(printed.sizes).toEqual([{ events: 2000, runs: 80, keys: 400 }])
    expect(printed.iterate.events).toBe(400)
    expect(await read('scale.svg')).toContain('stream.append')
  })
})

const contender = (name: string, get: () => Promise<unknown>): Contender => ({
  name,
  configuration: '',
  open: async () => ({ version: '1', calls: { 'kv.get': get }, close: async () => undefined }),
})

describe('a peer', () => {
  let database: TestDatabase
  let pool: pg.Pool
  beforeAll(async () => {
    database = await createDatabase()
    pool = new pg.Pool({ connectionString: database.url, max: 1 })
  })
  afterAll(async () => {
    await pool?.end()
    await database?.drop()
  })

  const measured = (...peers: Contender[]) =>
    measureOperations(
      [contender('ours', () => pool.query('select 1')), ...peers],
      { pool, poolSize: 1, url: database.url },
      { rounds: 1, roundMs: 5 },
      'kv.get',
      { step: () => undefined, note: () => undefined, end: () => undefined },
    )

  it('that cannot be set up is reported with the reason', async () => {
    const broken: Contender = {
      ...contender('published adapter', async () => undefined),
      open: () => Promise.reject(new Error('npm ci failed')),
    }
    const operations = await measured(broken)
    expect(failureLines(operations)).toEqual(['published adapter did not take part: npm ci failed'])
    expect(judge({ operations }).map(({ met, note }) => [met, note])).toEqual([
      [undefined, 'npm ci failed'],
      [undefined, 'npm ci failed'],
    ])
  })

  it('whose calls fail is reported with their number and the first reason', async () => {
    let calls = 0
    const failing = contender('published adapter', () =>
      calls++ % 2 === 0 ? Promise.reject(new Error(`conflict ${calls}`)) : pool.query('select 1'),
    )
    const operations = await measured(failing)
    const lines = failureLines(operations)
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^kv\.get, 1: [\d,]+ calls of published adapter failed: conflict \d+$/)
    expect(ratioRows(operations)[1]?.[3]).toMatch(/^[\d.]+ \([\d,]+ failed\)$/)
  })

  it('none of whose calls succeeds has no ratio', async () => {
    const refusing = contender('published adapter', () => pool.query('select refused'))
    const operations = await measured(refusing)
    expect(judge({ operations }).map(({ met, note }) => [met, note])).toEqual([
      [undefined, 'no call succeeded'],
      [undefined, 'no call succeeded'],
    ])
    expect(failureLines(operations)).toHaveLength(2)
  })
})

it.each([
  ['docs/performance.md', performanceDocument],
  ['docs/browser.md', browserDocument],
])('%s has the tables that the kept results make', (_, documentOf) => {
  const { is, becomes } = documentOf()
  expect(is).toBe(becomes)
})
