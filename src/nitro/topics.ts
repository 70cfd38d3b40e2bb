/**
 * Messages of topics as rows of the key-value table that expire: written, announced and looked for.
 *
 * @module
 */
import type { Driver, RunOptions } from '../core/driver.js'
import { byteLength } from '../core/identifiers.js'
import { randomToken } from '../core/locks.js'
import { withRetry } from '../core/retry.js'
import { type StatementBuilder, statementBuilder } from '../core/statement.js'
import { textArray } from '../core/values.js'
import { type Message, toAnnouncement, toMessage } from './topic-messages.js'

/** What the messages of one store have in common. */
export interface TopicOptions {
  readonly driver: Driver
  /** The key-value table, quoted and qualified. */
  readonly table: string
  /** Start of the keys of all messages. */
  readonly base: string
  /** Channel of NOTIFY. */
  readonly channel: string
  /** Default {@link pollMsAlone}, or {@link pollMsListening} where somebody listens. */
  readonly pollMs?: number | undefined
  /** Topics that somebody wants now. */
  wanted(): string[]
  /** Called with one message after the other, each once. */
  deliver(message: Message): Promise<void>
  warn(message: string, error: unknown): void
}

/** How long a message is kept, and how many old ones a publication takes away. */
const keepSeconds = 60
const sweepRows = 20

/** A message may become visible so much later than its key says: commits do not follow the clock. */
const overlapMicros = 5_000_000

/** NOTIFY takes less than 8,000 bytes; the key needs some. */
const announcedBytes = 7900

const pageSize = 500

const pollMsAlone = 1000
const pollMsListening = 5000

/** How long the first answer may take while somebody listens. */
const answerMs = 2000

/** Attempts at finding out what time it is, after the first. */
const retries = 4

const nowSql = '(extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint'
const keySql = (micros: string) => `pg_catalog.lpad((${micros})::text, 20, '0')`

interface Session {
  /** Microseconds from which is looked, in decimal. */
  from: string
  stopListening: (() => Promise<void>) | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Opens the messages of a store; nothing runs before `start`. */
export function createTopics(options: TopicOptions) {
  const { driver, table, base, channel } = options
  let starting: Promise<Session> | undefined
  const seen = new Set<string>()
  /** Found by looking; if the next look comes before their announcement, nobody listens any more. */
  const unannounced = new Set<string>()
  let delivering = Promise.resolve()
  let asking: Promise<unknown> = Promise.resolve()

  function ask(build: (build: StatementBuilder) => string, runOptions: RunOptions = {}) {
    const builder = statementBuilder()
    const answer = driver.query(builder.done(build(builder)), runOptions)
    asking = answer.catch(() => undefined)
    return answer
  }

  /** Delivers what nobody has seen, after all that came before. */
  function give(
    session: Promise<Session>,
    key: string,
    fetch: () => Message | undefined | Promise<Message | undefined>,
  ): void {
    if (seen.has(key)) return
    seen.add(key)
    delivering = delivering.then(async () => {
      if (starting !== session) return
      try {
        const message = await fetch()
        if (message !== undefined) await options.deliver(message)
      } catch (error) {
        // Left for the next look.
        seen.delete(key)
        options.warn('A message could not be fetched', error)
      }
    })
  }

  async function publish(topic: string, event: object): Promise<void> {
    const whole = JSON.stringify({ topic, event })
    // What is too long to be announced is announced by its key, and fetched.
    const announced = byteLength(whole) < announcedBytes ? whole : JSON.stringify({ topic })
    await ask((build) => {
      const start = build.param(base, 'text')
      return `with old as (
  select t.key from ${table} as t
   where t.key ~>~ ${start} and t.key ~<~ (${start} || ${keySql(`${nowSql} - ${keepSeconds}000000`)})
   order by t.key using ~<~ limit ${sweepRows} for update skip locked
), swept as (
  delete from ${table} as t using old where t.key = old.key
), message as (
  select ${keySql(nowSql)} || ':' || ${build.param(randomToken(), 'text')} as key
), written as (
  insert into ${table} (key, value, expires_at)
  select ${start} || message.key, ${build.param(whole, 'jsonb')}, pg_catalog.clock_timestamp() + interval '${keepSeconds} seconds'
    from message
)
select pg_catalog.pg_notify(${build.param(channel, 'text')}, message.key || ' ' || ${build.param(announced, 'text')})::text as told
  from message`
    })
  }

  /** Reads messages in the order of their keys, with the clock's microseconds in the first row. */
  function read(where: (build: StatementBuilder, start: string) => string) {
    return ask((build) => {
      const start = build.param(base, 'text')
      return `select n.now::text as now, m.key, m.topic, m.event
  from (select ${nowSql} as now) as n left join (
    select pg_catalog.right(t.key, -pg_catalog.length(${start})) as key, t.value ->> 'topic' as topic,
           (t.value -> 'event')::text as event
      from ${table} as t
     where ${where(build, start)}
     order by t.key using ~<~ limit ${pageSize}
  ) as m on true
 order by m.key using ~<~`
    })
  }

  async function fetch(key: string): Promise<Message | undefined> {
    const { rows } = await read((build) => `t.key = ${build.param(base + key, 'text')}`)
    return toMessage(rows[0])
  }

  /** Gives what is new to this process and wanted. */
  async function look(session: Promise<Session>): Promise<void> {
    const state = await session
    if (unannounced.size > 0) await listenAgain(session, state)
    for (;;) {
      const { rows } = await read(
        (build, start) => `t.key ~>~ (${start} || ${keySql(build.param(state.from, 'bigint'))})
       and t.key ~<~ (${start} || ':')
       and t.value ->> 'topic' = any(${build.param(textArray(options.wanted()), 'text[]')})
       and pg_catalog.right(t.key, -pg_catalog.length(${start})) <> all(${build.param(textArray([...seen]), 'text[]')})`,
      )
      for (const message of rows.map(toMessage)) {
        if (message === undefined || seen.has(message.key)) continue
        if (state.stopListening !== undefined) unannounced.add(message.key)
        give(session, message.key, () => message)
      }
      if (rows.length < pageSize) {
        forget(state, BigInt(rows[0]?.now ?? 0))
        return
      }
    }
  }

  /** Moves on to what may still become visible, and forgets the keys before. */
  function forget(state: Session, now: bigint): void {
    const from = now - BigInt(overlapMicros)
    if (from <= BigInt(state.from)) return
    state.from = String(from)
    const first = state.from.padStart(20, '0')
    for (const key of seen) if (key < first) seen.delete(key)
  }

  async function listen(session: Promise<Session>): Promise<(() => Promise<void>) | undefined> {
    try {
      return await driver.listen?.(channel, (payload) => {
        const announced = toAnnouncement(payload)
        if (announced === undefined) return
        const { key, topic, event } = announced
        unannounced.delete(key)
        if (!options.wanted().includes(topic)) return
        give(session, key, () => (event === undefined ? fetch(key) : { key, topic, event }))
      })
    } catch (error) {
      options.warn('Messages are looked for, since listening failed', error)
      return undefined
    }
  }

  async function listenAgain(session: Promise<Session>, state: Session): Promise<void> {
    unannounced.clear()
    await state.stopListening?.()
    state.stopListening = await listen(session)
    // Stopped meanwhile: nobody would end this one.
    if (starting !== session) await state.stopListening?.()
  }

  function wait(session: Promise<Session>, state: Session): void {
    state.timer = setTimeout(
      async () => {
        try {
          await look(session)
        } catch (error) {
          if (starting === session) options.warn('A look for messages failed', error)
        }
        if (starting === session) wait(session, state)
      },
      options.pollMs ?? (state.stopListening === undefined ? pollMsAlone : pollMsListening),
    )
    // Those who wait for messages alone have nothing left to do.
    ;(state.timer as { unref?(): void }).unref?.()
  }

  async function now(signal?: AbortSignal): Promise<string> {
    const { rows } = await withRetry({ retries, repeatable: true, signal }, () =>
      ask(() => `select ${nowSql}::text as now`, { signal }),
    )
    return rows[0]?.now ?? '0'
  }

  return {
    publish,

    /** Starts listening and looking, if that is not under way; gives the key of now. */
    async start(): Promise<string> {
      if (starting === undefined) {
        const session: Promise<Session> = Promise.resolve().then(async () => {
          const state: Session = {
            from: '0',
            stopListening: await listen(session),
            timer: undefined,
          }
          try {
            state.from = await now(AbortSignal.timeout(answerMs))
          } catch (error) {
            if (state.stopListening === undefined) throw error
            // It may be that this very connection was the pool's last one.
            await state.stopListening()
            state.stopListening = undefined
            options.warn(
              'Messages are looked for, since nothing is answered while listening',
              error,
            )
            state.from = await now()
          }
          wait(session, state)
          return state
        })
        starting = session
        session.catch(() => {
          if (starting === session) starting = undefined
        })
      }
      await starting
      return (await now()).padStart(20, '0')
    },

    /** Ends both; what is being delivered is, the rest is not. */
    async stop(): Promise<void> {
      const session = starting
      starting = undefined
      seen.clear()
      unannounced.clear()
      const state = await session?.catch(() => undefined)
      clearTimeout(state?.timer)
      await state?.stopListening?.()
      await asking
    },
  }
}
