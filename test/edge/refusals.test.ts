import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MigrationBody, ProblemBody, RunsBody, TimelineBody } from './bodies.js'
import { type Service, startService, token, transports } from './service.js'

const run = '/flows/f/runs/r'

describe('what is sent', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
    await service.post('/flows/f/runs', { id: 'r' })
  }, 120_000)
  afterAll(async () => {
    await service?.close()
  })

  const long = 'x'.repeat(201)
  const event = { type: 'a' }
  const events = `${run}/events`

  it.each<[string, string, unknown, number, string | undefined]>([
    ['a body that is no JSON', '/flows/f/runs', '{', 400, 'body'],
    ['a body that is no object', '/flows/f/runs', '[]', 400, 'body'],
    ['an unknown field', '/flows/f/runs', { ID: 'x' }, 400, 'ID'],
    ['an id that is no text', '/flows/f/runs', { id: 5 }, 400, 'id'],
    ['an empty id', '/flows/f/runs', { id: '' }, 400, 'id'],
    ['an id that is too long', '/flows/f/runs', { id: long }, 400, 'id'],
    ['a NUL in an id', '/flows/f/runs', { id: 'a\0' }, 400, 'id'],
    ['a flow with too long a name', `/flows/${long}/runs`, {}, 400, 'flow'],
    ['no events', events, {}, 400, 'events'],
    ['an empty list of events', events, { events: [] }, 400, 'events'],
    ['too many events', events, { events: Array(501).fill(event) }, 400, 'events'],
    ['an event without type', events, { events: [event, {}] }, 400, 'events[1].type'],
    ['a type of the service', events, { events: [{ type: 'flow.x' }] }, 400, 'events[0].type'],
    [
      'a broken attempt',
      events,
      { events: [{ ...event, attempt: 0.5 }] },
      400,
      'events[0].attempt',
    ],
    [
      'an unknown field of an event',
      events,
      { events: [{ ...event, at: 1 }] },
      400,
      'events[0].at',
    ],
    [
      'a NUL in data',
      events,
      { events: [{ ...event, data: { deep: ['\0'] } }] },
      400,
      'events[0].data.deep[0]',
    ],
    ['a body that is too large', events, ' '.repeat(1024 * 1024 + 1), 413, 'body'],
    [
      'events of a run that is not there',
      '/flows/f/runs/none/events',
      { events: [event] },
      404,
      undefined,
    ],
    [
      'events of a run of another flow',
      '/flows/g/runs/r/events',
      { events: [event] },
      404,
      undefined,
    ],
    ['a strange end', `${run}/finish`, { status: 'maybe' }, 400, 'status'],
    [
      'the end of a run that is not there',
      '/flows/f/runs/none/finish',
      { status: 'failed' },
      404,
      undefined,
    ],
    ['a path that is not there', '/flows', {}, 404, undefined],
  ])('%s is refused', async (_, path, body, status, field) => {
    const answer = await service.post<ProblemBody>(path, body)
    expect(answer).toMatchObject({
      status,
      body: { error: { code: expect.any(String), message: expect.any(String) } },
    })
    expect(answer.body.error.field).toBe(field)
    if (status === 400 && field !== 'body') expect(answer.body.error.message).toContain(field)
  })

  it.each([
    ['/flows/f/runs?limit=0', 400, 'limit'],
    ['/flows/f/runs?limit=201', 400, 'limit'],
    ['/flows/f/runs?limit=ten', 400, 'limit'],
    ['/flows/f/runs?cursor=%00', 400, 'cursor'],
    [`/flows/f/runs?cursor=${btoa('["5","x"]')}`, 400, 'cursor'],
    [`/flows/f/runs?cursor=${btoa('[1e999,"x"]')}`, 400, 'cursor'],
    ['/flows/f/runs?status=lost', 400, 'status'],
    ['/flows/f/runs?order=asc', 400, 'order'],
    [`${run}/events?after=x`, 400, 'after'],
    [`${run}/events?limit=1001`, 400, 'limit'],
    [`${run}/live?after=-1`, 400, 'after'],
    ['/flows/f/runs/none', 404, undefined],
    ['/flows/f/runs/none/events', 404, undefined],
    ['/flows/f/runs/none/live', 404, undefined],
    ['/nowhere', 404, undefined],
  ])('GET %s answers %i', async (path, status, field) => {
    const answer = await service.get<ProblemBody>(path)
    expect(answer.status).toBe(status)
    expect(answer.body.error.field).toBe(field)
  })

  it('a key that cannot be one, or one beside an id, is refused', async () => {
    for (const key of ['', 'a b', 'x'.repeat(201)]) {
      const answer = await service.post('/flows/f/runs', {}, { ...token, 'idempotency-key': key })
      expect(answer).toMatchObject({ status: 400, body: { error: { field: 'Idempotency-Key' } } })
    }
    const both = await service.post(
      '/flows/f/runs',
      { id: 'x' },
      { ...token, 'idempotency-key': 'k' },
    )
    expect(both).toMatchObject({ status: 400, body: { error: { field: 'Idempotency-Key' } } })
  })

  it('writes without the token, or with another, are refused and change nothing', async () => {
    const wrong = [{}, { authorization: 'local-token' }, { authorization: 'Basic bG9jYWw=' }]
    const others = ['local-toke', 'local-tokenx', 'LOCAL-TOKEN', 'x'].map((each) => ({
      authorization: `Bearer ${each}`,
    }))
    const paths = ['/admin/migrate', '/flows/f/runs', `${run}/events`, `${run}/finish`]
    for (const headers of [...wrong, ...others]) {
      for (const path of paths) {
        const answer = await service.post(path, { id: 'sneaked in' }, headers)
        expect(answer).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } })
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      }
    }
    expect((await service.get<RunsBody>('/flows/f/runs')).body.runs).toHaveLength(1)
  })
})

describe('what is configured', () => {
  const start = (variables: Record<string, string | null>, migrated = false) =>
    startService(variables, { migrated })

  it('a missing or wrong variable is named, and a missing token lets nobody write', async () => {
    const wrong: [Record<string, string | null>, string][] = [
      [{ API_TOKEN: null }, 'API_TOKEN'],
      [{ API_TOKEN: '' }, 'API_TOKEN'],
      [{ DATABASE_URL: null }, 'DATABASE_URL'],
      [{ TRANSPORT: 'pigeon' }, 'TRANSPORT'],
      [{ WRITES_PER_MINUTE: '0' }, 'WRITES_PER_MINUTE'],
    ]
    for (const [variables, name] of wrong) {
      const service = await start(variables)
      for (const headers of [
        token,
        { authorization: 'Bearer undefined' },
        { authorization: 'Bearer ' },
      ]) {
        const answer = await service.post<ProblemBody>('/flows/f/runs', {}, headers)
        if (answer.status === 401) continue
        expect(answer).toMatchObject({ status: 500, body: { error: { code: 'not-configured' } } })
        expect(answer.body.error.message).toContain(name)
      }
      expect((await service.post('/flows/f/runs')).status).toBe(500)
      await service.close()
    }
  }, 180_000)

  it('writes of one address are limited to so many in a minute; reads are not', async () => {
    const service = await start({ WRITES_PER_MINUTE: '5' }, true)
    // The minute may turn over in between, so twice as many.
    const answers = []
    for (let n = 0; n < 11; n += 1)
      answers.push(await service.post<ProblemBody>('/flows/f/runs', { id: `${n}` }))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThanOrEqual(1)
    const seconds = Number(refused[0]?.headers.get('retry-after'))
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(refused[0]?.body.error.code).toBe('rate-limited')
    const { runs } = (await service.get<RunsBody>('/flows/f/runs')).body
    expect(runs).toHaveLength(answers.length - refused.length)
    await service.close()
  })
})

describe.each(transports)('the database over %s', (TRANSPORT) => {
  it('says which call migrates it, and works after that call', async () => {
    const service = await startService({ TRANSPORT }, { migrated: false })
    for (const answer of [await service.get('/flows'), await service.post('/flows/f/runs')]) {
      expect(answer).toMatchObject({
        status: 503,
        body: {
          error: {
            code: 'schema-outdated',
            message: expect.stringContaining('POST /admin/migrate'),
          },
        },
      })
      expect(answer.headers.get('retry-after')).toBeTruthy()
    }
    const first = await service.post<MigrationBody>('/admin/migrate')
    expect(first.body.applied.length).toBeGreaterThan(0)
    const second = await service.post('/admin/migrate')
    expect(second.body).toEqual({ current: first.body.current, applied: [] })
    expect((await service.post('/flows/f/runs')).status).toBe(201)
    await service.close()
  })

  it('is not reachable: 503 with Retry-After and the outcome; is back: everything goes on', async () => {
    const service = await startService({ TRANSPORT })
    await service.post('/flows/f/runs', { id: 'r' })
    await service.endpointDown()
    const read = await service.get<ProblemBody>('/flows')
    const write = await service.post<ProblemBody>(`${run}/events`, { events: [{ type: 'a' }] })
    const migration = await service.post('/admin/migrate')
    for (const answer of [read, write, migration]) {
      expect(answer).toMatchObject({ status: 503, body: { error: { code: 'connection' } } })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(read.body.error.outcome).toBeUndefined()
    expect(write.body.error.outcome).toMatch(/^(unknown|not-applied)$/)
    await service.endpointUp()
    expect((await service.post(`${run}/events`, { events: [{ type: 'a' }] })).status).toBe(201)
    expect((await service.get<TimelineBody>(`${run}/events`)).body.events).toHaveLength(2)
    await service.close()
  })
})
