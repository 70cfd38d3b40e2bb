/** Everybody who takes part; the first is whom the others are compared with. */
import type { Contender } from '../contender.js'
import { preparedStatements } from './prepared-statements.js'
import { ours, oursWithoutBatching } from './store.js'

export const contenders: readonly Contender[] = [ours, oursWithoutBatching, preparedStatements]
