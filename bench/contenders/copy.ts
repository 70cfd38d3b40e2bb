/** The limit for many events at once: COPY into the very table that our events are in. */
import type { Submittable } from 'pg'
import { createStore, nodePostgres } from '../built.js'
import { type Contender, manyEvents } from '../contender.js'
import { importPeer, peerVersion } from '../peers.js'
import { ourPrefix } from './store.js'

interface CopyModule {
  from(text: string): NodeJS.WritableStream & Submittable
}

const toLine = (values: readonly unknown[]) =>
  `${values.map((value) => String(value).replace(/[\\\t\n\r]/g, escaped)).join('\t')}\n`

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
}
const escaped = (character: string) => escapes[character] ?? character

export const copy: Contender = {
  name: 'COPY',
  configuration:
    'The shared pool, through `pg-copy-streams`; the rows are written out as text in each call; into the table of events of “ours”, with all its indexes. Gives no ids back.',
  isPeer: true,
  async open({ pool }) {
    const { from } = await importPeer<CopyModule>('pg-copy-streams')
    const store = createStore({ driver: nodePostgres(pool), prefix: ourPrefix })
    await store.init()
    await store.close()
    const text = `copy ${ourPrefix}_flow_events
      (run_id, flow_name, ts, type, step_name, step_id, attempt, data) from stdin`
    return {
      version: `pg-copy-streams ${peerVersion('pg-copy-streams')}`,
      calls: {
        async 'stream.appendMany 1,000'() {
          const client = await pool.connect()
          try {
            await new Promise<void>((resolve, reject) => {
              const stream = client.query(from(text))
              stream.once('finish', resolve)
              stream.once('error', reject)
              const now = Date.now()
              const lines = manyEvents.map(({ flowName, type, stepName, stepId, attempt, data }) =>
                toLine([
                  'copied',
                  flowName,
                  now,
                  type,
                  stepName,
                  stepId,
                  attempt,
                  JSON.stringify(data),
                ]),
              )
              stream.end(lines.join(''))
            })
          } finally {
            client.release()
          }
        },
      },
      async close() {},
    }
  },
}
