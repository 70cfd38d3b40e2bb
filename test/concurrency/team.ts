/** Several processes of the operating system that work on one database at the same moment. */
import { nodePostgres } from '../../src/drivers/node-postgres.js'
import { createStore, type Store } from '../../src/index.js'
import { type ChildProcess, startScript } from '../support/child-process.js'
import { createDatabase, type TestDatabase } from '../support/postgres.js'
import type { Tasks } from './tasks.js'
import { connections, members } from './work.js'

/** What a member of a team prints. */
export type Line =
  | { readonly kind: 'ready' }
  | { readonly kind: 'armed'; readonly run: number }
  | { readonly kind: 'done'; readonly run: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly run: number; readonly message: string }

/** Processes with a store each, on one database. */
export interface Team {
  /** A store of the test's own on the same database. */
  readonly store: Store
  /**
   * Has every process carry out a task, all from the same signal on. One result per process, in
   * their order; fails if the task fails anywhere.
   */
  run<K extends keyof Tasks>(
    task: K,
    input: (member: number) => Parameters<Tasks[K]>[1],
  ): Promise<Awaited<ReturnType<Tasks[K]>>[]>
  /** Ends the processes and removes their database. */
  dismiss(): Promise<void>
}

/** What a crash of the server would lose is not what these tests are about. */
const lazy = ['synchronous_commit=off']

/** Some find rows in another order than others, as it may come: who locks them must not care. */
const byIndex = ['enable_seqscan=off']
const byScan = ['enable_indexscan=off', 'enable_indexonlyscan=off', 'enable_bitmapscan=off']

const withSettings = (url: string, settings: readonly string[]) =>
  `${url}?options=${encodeURIComponent(settings.map((each) => `-c ${each}`).join(' '))}`

/** Starts a team on a database of its own. */
export async function startTeam(): Promise<Team> {
  const { url, drop } = await createDatabase()
  // What a crash of the server would lose is not what these tests are about.
  const database = {
    url: `${url}?options=${encodeURIComponent('-c synchronous_commit=off')}`,
    drop,
  }
  const script = new URL('./member.worker.ts', import.meta.url)
  const processes = Array.from({ length: members }, (_, member) =>
    startScript<Line>(script, [
      withSettings(url, [...lazy, ...(member % 2 === 0 ? byIndex : byScan)]),
      String(connections),
    ]),
  )
  try {
    await Promise.all(processes.map((each) => each.saw(({ kind }) => kind === 'ready')))
  } catch (error) {
    await dismiss(processes, database)
    throw error
  }
  const store = createStore({ driver: nodePostgres(database.url) })
  let runs = 0

  return {
    store,
    async run(task, input) {
      runs += 1
      const run = runs
      const saw = (kinds: readonly Line['kind'][]) =>
        Promise.all(
          processes.map((each) =>
            each.saw((line) => kinds.includes(line.kind) && 'run' in line && line.run === run),
          ),
        )
      for (const [member, each] of processes.entries()) {
        each.say(JSON.stringify({ run, task, input: input(member) }))
      }
      await saw(['armed'])
      for (const each of processes) each.say('go')
      const ends = await saw(['done', 'failed'])
      return ends.map((line) => {
        if (line.kind !== 'done') throw new Error('message' in line ? line.message : line.kind)
        return line.result as never
      })
    },
    async dismiss() {
      await store.close()
      await dismiss(processes, database)
    },
  }
}

async function dismiss(
  processes: readonly ChildProcess<Line>[],
  database: TestDatabase,
): Promise<void> {
  for (const each of processes) each.kill()
  await Promise.all(processes.map(({ ended }) => ended))
  await database.drop()
}
