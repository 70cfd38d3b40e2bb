/** Everybody who takes part; the first is whom the others are compared with. */
import type { Contender } from '../contender.js'
import { copy } from './copy.js'
import { emmett } from './emmett.js'
import { keyv } from './keyv.js'
import { preparedStatements } from './prepared-statements.js'
import { publishedAdapter } from './published-adapter.js'
import { redisAdapter } from './redis-adapter.js'
import { ours, oursWithoutBatching } from './store.js'

export const contenders: readonly Contender[] = [
  ours,
  oursWithoutBatching,
  publishedAdapter,
  redisAdapter,
  emmett,
  keyv,
  preparedStatements,
  copy,
]
