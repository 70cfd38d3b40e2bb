/** Records a run as nvent does: an event, an entry, and news for whoever listens. */
export default defineEventHandler(async () => {
  const store = useStoreAdapter()
  const runId = crypto.randomUUID()
  const event = await store.stream.append(`nvent:flow:run:${runId}`, {
    type: 'flow.start',
    runId,
    flowName: 'import',
  })
  await store.index.add('nvent:flow:runs:import', runId, event.ts, {
    status: 'running',
    startedAt: event.ts,
  })
  await useStreamAdapter().publish('nvent:stream:flow:stats', {
    type: 'flow.stats',
    data: { runId },
  })
  return { runId, event }
})
