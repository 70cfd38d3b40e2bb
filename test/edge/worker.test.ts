import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  EventsBody,
  FlowsBody,
  RoutesBody,
  RunBody,
  RunsBody,
  TimelineBody,
} from './bodies.js'
import { listen, type Service, startService, token, transports } from './service.js'

describe.each(transports)('over %s', (TRANSPORT) => {
  let service: Service
  beforeAll(async () => {
    service = await startService({ TRANSPORT })
  }, 120_000)
  afterAll(async () => {
    await service?.close()
  })

  it('lists what there is, as JSON and as a page', async () => {
    expect((await service.get<RoutesBody>('/')).body.routes).toContain('POST /admin/migrate')
    const page = await service.get('/', { accept: 'text/html' })
    expect(page.body).toContain('<title>Runs</title>')
  })

  it('records a run as nvent does: start, events, end, and the counters of its flow', async () => {
    const started = await service.post<RunBody>('/flows/a%2Fb:c/runs', {
      id: 'r "1"',
      input: { rows: 3 },
    })
    expect(started.status).toBe(201)
    expect(started.body.run).toMatchObject({ id: 'r "1"', flow: 'a/b:c', status: 'running' })
    const at = started.headers.get('location') ?? ''
    expect((await service.get<RunBody>(at)).body.run.status).toBe('running')

    const data = [0, false, '', null, { deep: ['ä', 1.5] }]
    const events = data.map((each) => ({ type: 'seen', stepName: 'read', attempt: 1, data: each }))
    const appended = await service.post<EventsBody>(`${at}/events`, { events })
    expect(appended.status).toBe(201)
    expect(appended.body.events.map(({ data }) => data)).toEqual(data)

    expect((await service.post(`${at}/finish`, { status: 'completed', result: 7 })).status).toBe(
      200,
    )
    expect((await service.post(`${at}/finish`, { status: 'completed' })).status).toBe(200)
    expect(await service.post(`${at}/finish`, { status: 'failed' })).toMatchObject({
      status: 409,
      body: { error: { code: 'version-conflict' } },
    })
    const timeline = await service.get<TimelineBody>(`${at}/events`)
    expect(timeline.body.events.map(({ type }) => type)).toEqual([
      'flow.start',
      ...data.map(() => 'seen'),
      'flow.completed',
    ])
    const { flows } = (await service.get<FlowsBody>('/flows')).body
    expect(flows.find(({ name }) => name === 'a/b:c')?.stats).toMatchObject({
      total: 1,
      running: 0,
      success: 1,
      failure: 0,
    })
  })

  it('writes nothing twice when a call is repeated', async () => {
    const keyed = { ...token, 'idempotency-key': 'once' }
    const first = await service.post<RunBody>('/flows/again/runs', {}, keyed)
    const second = await service.post<RunBody>('/flows/again/runs', {}, keyed)
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body.run).toEqual(first.body.run)
    const at = first.headers.get('location')
    const events = { events: [{ type: 'a' }, { type: 'b' }] }
    const appended = await service.post(`${at}/events`, events, keyed)
    expect((await service.post(`${at}/events`, events, keyed)).body).toEqual(appended.body)
    expect((await service.get<TimelineBody>(`${at}/events`)).body.events).toHaveLength(3)
    expect(await service.post('/flows/other/runs', { id: first.body.run.id })).toMatchObject({
      status: 409,
      body: { error: { code: 'version-conflict', field: 'id' } },
    })
  })

  it('starts each run once and counts it once when many come together, on a new flow too', async () => {
    const starts = Array.from({ length: 24 }, (_, n) =>
      service.post('/flows/crowd/runs', { id: `crowd-${n % 12}` }),
    )
    const statuses = (await Promise.all(starts)).map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array(12).fill(200), ...Array(12).fill(201)])
    const ended = Array.from({ length: 24 }, (_, n) =>
      service.post(`/flows/crowd/runs/crowd-${n % 12}/finish`, { status: 'failed' }),
    )
    for (const { status } of await Promise.all(ended)) expect(status).toBe(200)
    const { flows } = (await service.get<FlowsBody>('/flows')).body
    expect(flows.find(({ name }) => name === 'crowd')?.stats).toMatchObject({
      total: 12,
      running: 0,
      failure: 12,
    })
  })

  it('pages through 250 runs and none twice, while more are started', async () => {
    const start = (n: number) => service.post('/flows/many/runs', { id: `run-${n}` })
    await start(0)
    for (let from = 1; from < 250; from += 50) {
      const size = Math.min(50, 250 - from)
      await Promise.all(Array.from({ length: size }, (_, n) => start(from + n)))
    }
    const seen: string[] = []
    for (let path = '/flows/many/runs?limit=60'; path !== ''; ) {
      const { runs, next } = (await service.get<RunsBody>(path)).body
      seen.push(...runs.map(({ id }) => id))
      if (seen.length === 60) await service.post('/flows/many/runs', { id: 'late' })
      path = next === null ? '' : `/flows/many/runs?limit=60&cursor=${next}`
    }
    expect(seen).toHaveLength(250)
    expect(new Set(seen).size).toBe(250)
    const running = await service.get('/flows/many/runs?status=completed')
    expect(running.body).toEqual({ runs: [], next: null })
  })

  it('pages through a timeline by the id of the last event', async () => {
    await service.post('/flows/long/runs', { id: 'long' })
    const events = Array.from({ length: 120 }, (_, n) => ({ type: 'n', data: n }))
    await service.post('/flows/long/runs/long/events', { events })
    const seen: unknown[] = []
    for (let after: string | null = '0'; after !== null; ) {
      const path = `/flows/long/runs/long/events?limit=50&after=${after}`
      const page: TimelineBody = (await service.get<TimelineBody>(path)).body
      seen.push(...page.events.map(({ data }) => data))
      after = page.next
    }
    expect(seen.slice(1)).toEqual(events.map(({ data }) => data))
  })

  it('sends what is appended as it appears, and goes on where it was', async () => {
    await service.post('/flows/live/runs', { id: 'live' })
    const at = '/flows/live/runs/live'
    let appended: Promise<unknown> | undefined
    const messages = await listen(service, `${at}/live`, (so) => {
      if (so.length === 1) appended ??= service.post(`${at}/events`, { events: [{ type: 'new' }] })
      return so.filter(({ data }) => data !== undefined).length === 2
    })
    await appended
    const sent = messages.flatMap(({ data }) => (data === undefined ? [] : [data]))
    expect(sent.map(({ type }) => type)).toEqual(['flow.start', 'new'])
    await service.post(`${at}/events`, { events: [{ type: 'meanwhile' }] })
    const resumed = await listen(service, `${at}/live`, (so) => so.length === 1, {
      'last-event-id': sent[1]?.id ?? '',
    })
    expect(resumed[0]?.data?.type).toBe('meanwhile')
    const behind = await listen(service, `${at}/live?after=${sent[0]?.id}`, (so) => so.length === 2)
    expect(behind.map(({ data }) => data?.type)).toEqual(['new', 'meanwhile'])
  })

  it('does not skip an event that is committed behind one with a higher id', async () => {
    await service.post('/flows/order/runs', { id: 'order' })
    const at = '/flows/order/runs/order'
    const slow = new pg.Client(service.databaseUrl)
    await slow.connect()
    await slow.query('begin')
    await slow.query(
      `insert into nvent_flow_events (run_id, type, ts, flow_name)
       select run_id, 'slow', ts + 1, flow_name from nvent_flow_events where run_id = 'order'`,
    )
    await service.post(`${at}/events`, { events: [{ type: 'fast' }] })
    let committed: Promise<unknown> | undefined
    const messages = await listen(service, `${at}/live`, (so) => {
      if (so.some(({ data }) => data?.type === 'fast')) committed ??= slow.query('commit')
      return so.some(({ data }) => data?.type === 'slow')
    })
    await committed
    await slow.end()
    const sent = messages.flatMap(({ data }) => (data === undefined ? [] : [data]))
    expect(sent.map(({ type }) => type)).toEqual(['flow.start', 'fast', 'slow'])
    expect(Number(sent[2]?.id)).toBeLessThan(Number(sent[1]?.id))
  })

  it('leaves nothing of one request to another when many come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const at = `/flows/own/runs/own-${n}`
        await service.post('/flows/own/runs', { id: `own-${n}` })
        await service.post(`${at}/events`, { events: [{ type: 'mine', data: n }] })
        const { body } = await service.get<TimelineBody>(`${at}/events`)
        return body.events.map(({ runId, data }) => [runId, data])
      }),
    )
    answers.forEach((events, n) => {
      expect(events).toEqual([
        [`own-${n}`, { input: null }],
        [`own-${n}`, n],
      ])
    })
  })
})

it('asks nothing more for a live timeline whose client went away', async ({ onTestFinished }) => {
  let asked = 0
  const service = await startService({ LIVE_INTERVAL_MS: '100' }, { log: () => asked++ })
  onTestFinished(service.close)
  await service.post('/flows/live/runs', { id: 'live' })
  const live = '/flows/live/runs/live/live'
  const whole = async () => {
    asked = 0
    // It ends by itself after so many looks.
    await (await fetch(new URL(live, service.url))).text()
    return asked
  }
  const alone = await whole()
  for (let n = 0; n < 5; n++) await listen(service, live, (so) => so.length === 1)
  expect(await whole()).toBeLessThan(alone * 1.5)
}, 120_000)
