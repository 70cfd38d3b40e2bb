/** Whoever says nothing has kept nothing: crashes, silence and runs of no promises are failures. */
import { expect, it } from 'vitest'
import { follow, type Run } from './follow.js'
import type { Target } from './inside/target.js'
import type { Line } from './lines.js'
import { runInProcess } from './process.js'

const expected = ['S1: one', 'S2: two']
const target: Target = { driver: 'pglite', dataDir: 'memory://' }
const plan: Line = { kind: 'plan', version: '1', promises: expected }
const kept = (name = ''): Line => ({ kind: 'promise', name })

/** A process of Node that says these lines, and then does something. */
function saying(lines: readonly Line[], then = ''): Run {
  const script = `
    for (const line of ${JSON.stringify(lines)}) console.log(JSON.stringify(line))
    ${then}`
  return runInProcess([process.execPath, '--eval', script], target)
}

it('takes what is told for what is', async () => {
  const broken: Line = { kind: 'promise', name: 'S2: two', error: 'it is 1, expected 2' }
  const run = saying([plan, kept('S1: one'), broken, { kind: 'end' }])
  expect(await follow(run, { expected })).toEqual({
    version: '1',
    passed: 1,
    failures: [{ name: 'S2: two', error: 'it is 1, expected 2' }],
  })
})

it.each([
  ['that is killed', 'process.kill(process.pid, "SIGKILL")', 'was ended by SIGKILL'],
  ['that exits with a code', 'process.exitCode = 3', 'ended with code 3'],
  ['that throws', 'throw new Error("out of memory")', 'out of memory'],
  ['that just ends', '', 'it ended in the middle'],
])('fails what a process %s in the middle has not told of', async (_, then, why) => {
  const { passed, failures } = await follow(saying([plan, kept('S1: one')], then), { expected })
  expect(passed).toBe(1)
  expect(failures.map(({ name }) => name)).toEqual(['S2: two'])
  expect(failures[0]?.error).toContain(why)
})

it('fails a process that dies after its last promise', async () => {
  const lines = [plan, ...expected.map(kept), { kind: 'end' } as const]
  const { failures } = await follow(saying(lines, 'process.exitCode = 1'), { expected })
  expect(failures).toEqual([
    { name: 'the run ends in order', error: expect.stringContaining('ended with code 1') },
  ])
})

it('stops a process that says nothing any more', async () => {
  const run = saying([plan, kept('S1: one')], 'setInterval(() => undefined, 1000)')
  const { passed, failures } = await follow(run, { expected, silenceMs: 10_000 })
  expect(passed).toBe(1)
  expect(failures).toEqual([{ name: 'S2: two', error: 'not told: it said nothing for 10 s' }])
})

it('fails a run of no promises, whoever has none', async () => {
  const none = saying([{ kind: 'plan', version: '1', promises: [] }, { kind: 'end' }])
  expect((await follow(none, { expected })).failures.map(({ name }) => name)).toEqual(expected)
  expect((await follow(none, { expected: [] })).failures).toEqual([
    { name: 'the run ends in order', error: 'there was no promise to keep' },
  ])
  expect((await follow(saying([]), { expected })).failures[0]?.error).toBe(
    'not told: it ended before it told anything',
  )
})

it('fails a run that knows other promises, or tells of one twice', async () => {
  const other: Line = { kind: 'plan', version: '1', promises: ['S1: one', 'S2: other'] }
  const end: Line = { kind: 'end' }
  const stale = await follow(saying([other, kept('S1: one'), kept('S2: other'), end]), { expected })
  expect(stale.failures[0]?.error).toContain('is dist up to date?')
  const twice = [plan, kept('S1: one'), kept('S1: one'), kept('S2: two'), end]
  expect((await follow(saying(twice), { expected })).failures).toEqual([
    { name: 'the run ends in order', error: expect.stringContaining('S1: one') },
  ])
})

it('ends a run that is stopped', async () => {
  const stopping = new AbortController()
  const { passed, failures } = await follow(
    saying([plan, kept('S1: one')], 'setInterval(() => undefined, 1000)'),
    { expected, onVerdict: () => stopping.abort(), signal: stopping.signal },
  )
  expect(passed).toBe(1)
  expect(failures).toEqual([{ name: 'S2: two', error: 'not told: it was stopped' }])
})
