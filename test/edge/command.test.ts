/** `npm run edge` as a user runs it, and the lines of the README. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nvent-store-edge-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Said {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function said(child: ChildProcess): Promise<Said> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

/** Starts `npm run edge` in a process group of its own, as a shell does. */
function start(...options: string[]) {
  const child = spawn('npm', ['run', '--silent', 'edge', '--', ...options], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const group = -(child.pid ?? 0)
  const ended = said(child)
  return {
    ended,
    /** The first line, which says where the Worker is. */
    origin: () =>
      new Promise<string>((resolve, reject) => {
        let text = ''
        child.stdout?.on('data', (chunk) => {
          text += chunk
          if (text.includes('\n')) resolve(text.split('\n')[0] ?? '')
        })
        ended.then((end) => reject(new Error(`ended: ${JSON.stringify(end)}`)))
      }),
    /** Ctrl-C: the signal goes to the whole group. */
    async interrupt(): Promise<Said> {
      process.kill(group, 'SIGINT')
      const end = await ended
      // Nobody of the group is left.
      expect(() => process.kill(group, 0)).toThrowError(/ESRCH/)
      return end
    },
  }
}

async function curlLines(): Promise<string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  return [...readme.matchAll(/^\$ (curl .*)$/gm)].map(([, line]) => line ?? '')
}

/** Runs a line of the README; one that stays open is left after a while. */
function shell(line: string): Promise<Said> {
  const command = line.replace(
    /^curl/,
    `curl -sS --fail-with-body${line.includes(' -N ') ? ' --max-time 4' : ''}`,
  )
  return said(spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

it('serves what the README shows, stops on Ctrl-C with nothing left behind, and keeps its data', async () => {
  const lines = await curlLines()
  expect(lines).toHaveLength(5)
  for (const round of [1, 2]) {
    const edge = start('--port', '0', '--data', join(folder, 'data'))
    const origin = await edge.origin()
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const answers: Said[] = []
    for (const line of lines) {
      expect(line).toContain('http://127.0.0.1:8787/')
      answers.push(await shell(line.replace('http://127.0.0.1:8787', origin)))
    }
    const [started, appended, timeline, runs, live] = answers
    expect(
      answers.map(({ code }) => code),
      JSON.stringify(answers),
    ).toEqual([0, 0, 0, 0, 28])
    expect(JSON.parse(started?.stdout ?? '').run).toMatchObject({ id: 'first', flow: 'import' })
    expect(JSON.parse(appended?.stdout ?? '').events).toHaveLength(1)
    const { events } = JSON.parse(timeline?.stdout ?? '')
    expect(events.map(({ type }: { type: string }) => type)).toEqual(['flow.start', 'rows.read'])
    expect(JSON.parse(runs?.stdout ?? '').runs).toHaveLength(1)
    expect(live?.stdout.match(/^data: /gm), `round ${round}`).toHaveLength(2)
    // npm tells of the signal, or of the command's own 0, as the shell between them sees it.
    expect(await edge.interrupt()).toMatchObject({ stdout: `${origin}\n`, stderr: '' })
  }
}, 480_000)

it('says that a port is taken, and what to do', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const end = await start('--port', String(port), '--data', join(folder, 'other')).ended
  expect(end.code).toBe(1)
  expect(end.stderr).toContain(`Port ${port} is taken. Choose another: npm run edge -- --port`)
  await new Promise((resolve) => other.close(resolve))
}, 120_000)

it('refuses options that are wrong, by name', async () => {
  const wrong: [string[], string][] = [
    [['--port', 'x'], '--port'],
    [['--transport', 'pigeon'], '--transport'],
    [['--prot', '1'], '--prot'],
    [['--url', 'postgres://a', '--data', 'b'], '--data or --url'],
  ]
  const ends = await Promise.all(wrong.map(([options]) => start(...options).ended))
  ends.forEach(({ code, stderr }, at) => {
    expect(code).toBe(1)
    expect(stderr).toContain(wrong[at]?.[1])
  })
}, 240_000)
