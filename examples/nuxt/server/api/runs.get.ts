export default defineEventHandler(() =>
  useStoreAdapter().index.read('nvent:flow:runs:import', { limit: 20 }),
)
