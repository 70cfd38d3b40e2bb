import { afterAll, beforeAll, describe } from 'vitest'
import { batchesAreAtomic } from './batches.js'
import { countersAreExact } from './counters.js'
import { entriesAreShared } from './entries.js'
import { keysAreShared } from './keys.js'
import { streamsAreShared } from './streams.js'
import { startTeam, type Team } from './team.js'

let started: Team

beforeAll(async () => {
  started = await startTeam()
})

afterAll(async () => {
  await started?.dismiss()
})

const team = () => started

describe('several processes on one database', () => {
  entriesAreShared(team)
  countersAreExact(team)
  keysAreShared(team)
  streamsAreShared(team)
  batchesAreAtomic(team)
})
